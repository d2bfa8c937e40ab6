"""Descriptions in the usual styles of docstrings."""

import pytest

from chimera.tools.python.docstrings import docs_of

GOOGLE = """Book a room.

    Only for one day,
    and only once.

    Args:
        room (str): The room's name: letters
            and digits.
        hours: How long.

    Returns:
        hours: not a parameter

    Raises:
        room: not a parameter either
    """
NUMPY = """Book a room.

    Only for one day,
    and only once.

    Parameters
    ----------
    room : str, optional
        The room's name: letters
        and digits.
    hours
        How long.

    Returns
    -------
    str
        nothing
    """
SPHINX = """Book a room.

    Only for one day,
    and only once.

    :param str room: The room's name: letters
        and digits.
    :type room: str
    :param hours: How long.
    :returns: nothing
    :raises ValueError: never
    """


@pytest.mark.parametrize("docstring", [GOOGLE, NUMPY, SPHINX], ids=["google", "numpy", "sphinx"])
def test_each_style_is_read(docstring: str) -> None:
    docs = docs_of(docstring)
    assert docs.description == "Book a room.\n\nOnly for one day, and only once."
    assert docs.parameters == {"room": "The room's name: letters and digits.", "hours": "How long."}


def test_parameters_may_share_a_description() -> None:
    assert docs_of("A.\n\nParameters\n----------\nx, y : int\n    Both.").parameters == {"x": "Both.", "y": "Both."}


@pytest.mark.parametrize("docstring", [None, "", "   ", ":", "Args:", "Args:\n  ???", "----\n----", ":param"])
def test_an_odd_docstring_is_no_problem(docstring: str | None) -> None:
    assert docs_of(docstring).parameters == {}
