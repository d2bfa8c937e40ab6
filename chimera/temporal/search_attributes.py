"""The search attributes of runs. If one of them is missing from the namespace, Temporal rejects each start."""

from typing import Any

import structlog
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.common import SearchAttributeKey
from temporalio.service import RPCError

from models.workflows import PRIORITY, SEARCH_ATTRIBUTES, registration_of

log = structlog.get_logger()

Key = SearchAttributeKey[Any]


async def ensure(client: Client) -> None:
    """Register missing search attributes. If that isn't allowed, as in Temporal Cloud, log them for an administrator.

    A worker continues without them: nothing is lost, because accepted runs stay queued until they can start.
    """
    try:
        await _register_missing(client)
    except RPCError as error:
        missing = await _unknown_to(client)
        if not missing:
            return
        log.error(
            "search_attributes_not_registered",
            namespace=client.namespace,
            missing=[registration_of(key) for key in missing],
            error=error.message[:200],
            advice="An administrator must create these search attributes in this namespace (docs/"
            "how-to/use-your-own-temporal.md). Until then, Temporal rejects new runs (INVALID_ARGUMENT), and tasks stay"
            " queued.",
        )


async def _register_missing(client: Client) -> None:
    listed = await client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace=client.namespace)
    )
    missing = [key for key in SEARCH_ATTRIBUTES if key.name not in listed.custom_attributes]
    if missing:
        request = AddSearchAttributesRequest(
            namespace=client.namespace, search_attributes={key.name: _type_of(key) for key in missing}
        )
        await client.operator_service.add_search_attributes(request)


def _type_of(key: Key) -> IndexedValueType.ValueType:
    return IndexedValueType.INDEXED_VALUE_TYPE_INT if key is PRIORITY else IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD


async def _unknown_to(client: Client) -> list[Key]:
    """Return the attributes that the namespace's own description doesn't list; all its users may read that."""
    try:
        described = await client.workflow_service.describe_namespace(
            DescribeNamespaceRequest(namespace=client.namespace)
        )
    except RPCError:
        return list(SEARCH_ATTRIBUTES)
    known = described.config.custom_search_attribute_aliases.values()
    return [key for key in SEARCH_ATTRIBUTES if key.name not in known]
