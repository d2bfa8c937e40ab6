"""TLS settings for Temporal: settings that can't work are refused by name, and no key is shown."""

from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

from chimera.config.errors import BadSettings, read_settings
from tests.tls import Authority

ADDRESS = "temporal.example:7233"
CERT, KEY = "temporal_tls_client_cert_path", "temporal_tls_client_key_path"
CA = "temporal_tls_server_ca_cert_path"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "ours")


def refused(**given: Any) -> str:
    with pytest.raises(BadSettings) as raised:
        read_settings(**{"temporal_address": ADDRESS, **given})
    return raised.value.message


@pytest.mark.parametrize("name", ["temporal_api_key", "temporal_tls_server_name", CERT, CA])
def test_a_setting_of_tls_turns_it_on(name: str, authority: Authority) -> None:
    pair = authority.signed("client")
    given: dict[str, Any] = {"temporal_api_key": "key", "temporal_tls_server_name": "a.example"}
    given |= {CERT: pair.certificate, CA: authority.certificate}
    also = {KEY: pair.key} if name == CERT else {}
    assert read_settings(temporal_address=ADDRESS, **{name: given[name]}, **also).temporal_connection.is_on


def test_without_any_tls_is_off() -> None:
    assert not read_settings(temporal_address=ADDRESS).temporal_connection.is_on
    assert not read_settings(temporal_tls=False).temporal_connection.is_on


@pytest.mark.parametrize(
    ("given", "setting"),
    [
        ({"temporal_tls": True}, "CHIMERA_TEMPORAL_TLS"),
        ({"temporal_api_key": "key"}, "CHIMERA_TEMPORAL_API_KEY"),
        ({"temporal_tls_server_name": "a.example"}, "CHIMERA_TEMPORAL_TLS_SERVER_NAME"),
        ({CA: "/nowhere"}, "CHIMERA_TEMPORAL_TLS_SERVER_CA_CERT_PATH"),
    ],
)
def test_the_embedded_temporal_has_no_tls(given: dict[str, Any], setting: str) -> None:
    said = refused(temporal_address=None, **given)
    assert said.startswith(f"{setting} is set without CHIMERA_TEMPORAL_ADDRESS, but")
    assert f"leave {setting} empty" in said


@pytest.mark.parametrize(("one", "other"), [(CERT, KEY), (KEY, CERT)])
def test_certificate_and_key_come_together(one: str, other: str, authority: Authority) -> None:
    pair = authority.signed("client")
    said = refused(**{one: {CERT: pair.certificate, KEY: pair.key}[one]})
    assert (
        said == f"CHIMERA_{one.upper()} is set without CHIMERA_{other.upper()}. Set both settings, or leave both empty."
    )


@pytest.mark.parametrize("name", [CERT, KEY, CA])
def test_a_file_that_is_missing_is_named(name: str, authority: Authority, tmp_path: Path) -> None:
    pair = authority.signed("client")
    given = {CERT: pair.certificate, KEY: pair.key, CA: authority.certificate, name: tmp_path / "missing"}
    said = refused(**given)
    assert said.startswith(f"CHIMERA_{name.upper()}: {str(tmp_path / 'missing')!r} can't be read (No such file")


@pytest.mark.parametrize("name", [CERT, KEY, CA])
@pytest.mark.parametrize("content", [b"hidden", b"\xff\xfe\x00", b""])
def test_a_file_that_is_not_pem_is_named(name: str, content: bytes, authority: Authority, tmp_path: Path) -> None:
    pair, other = authority.signed("client"), tmp_path / "other"
    other.write_bytes(content)
    said = refused(**{CERT: pair.certificate, KEY: pair.key, CA: authority.certificate, name: other})
    assert said.startswith(f"CHIMERA_{name.upper()}: {str(other)!r} doesn't contain a ")
    assert "hidden" not in said


@pytest.mark.parametrize("name", [CERT, CA])
def test_a_certificate_that_is_garbled_is_named(name: str, authority: Authority) -> None:
    pair = authority.signed("client")
    given = {CERT: pair.certificate, KEY: pair.key, CA: authority.certificate}
    given[name].write_text("-----BEGIN CERTIFICATE-----\naGlkZGVu\n-----END CERTIFICATE-----\n")
    assert f"CHIMERA_{name.upper()}" in refused(**given)


def test_comments_beside_a_certificate_are_fine(authority: Authority) -> None:
    authority.certificate.write_text(f"# Wurzel für alle\n{authority.certificate.read_text()}", encoding="utf-8")
    assert read_settings(temporal_address=ADDRESS, **{CA: authority.certificate}).temporal_connection.is_on


def test_the_key_of_another_certificate_is_refused(authority: Authority) -> None:
    said = refused(**{CERT: authority.signed("one").certificate, KEY: authority.signed("two").key})
    assert "doesn't belong to the certificate" in said
    assert "(CHIMERA_TEMPORAL_TLS_CLIENT_CERT_PATH)" in said


def test_an_encrypted_key_is_refused_without_a_prompt(authority: Authority, tmp_path: Path) -> None:
    made = ec.generate_private_key(ec.SECP256R1())
    key = tmp_path / "encrypted.key"
    key.write_bytes(made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"word")))
    said = refused(**{CERT: authority.signed("one").certificate, KEY: key})
    assert "is encrypted. Use a decrypted key. To decrypt this key, run: openssl pkey -in /" in said


def test_files_that_tls_would_not_use_are_refused(authority: Authority) -> None:
    said = refused(temporal_tls=False, **{CA: authority.certificate})
    assert said.startswith("CHIMERA_TEMPORAL_TLS_SERVER_CA_CERT_PATH is set, but CHIMERA_TEMPORAL_TLS is off.")


def test_a_key_goes_unencrypted_only_nearby() -> None:
    said = refused(temporal_tls=False, temporal_api_key="hidden")
    assert "CHIMERA_TEMPORAL_API_KEY would be sent to 'temporal.example:7233' without encryption" in said
    assert "hidden" not in said
    near = read_settings(temporal_address="temporal:7233", temporal_tls=False, temporal_api_key="hidden")
    assert not near.temporal_connection.is_on


@pytest.mark.parametrize("key", ["Bearer hidden", "hid\nden", "hiddén"])
def test_a_key_that_no_header_carries_is_refused(key: str) -> None:
    said = refused(temporal_api_key=key)
    assert said.startswith("CHIMERA_TEMPORAL_API_KEY: The key contains spaces or other invalid characters")
    assert "hid" not in said


def test_a_key_is_not_shown() -> None:
    assert "hidden" not in repr(read_settings(temporal_address=ADDRESS, temporal_api_key="hidden"))
