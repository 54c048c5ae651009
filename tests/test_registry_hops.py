from __future__ import annotations

import pytest
from seldon_builder.errors.destination import RegistryProtocol
from seldon_builder.registry.hops import Origin, check_hop, is_this_machine

PUBLIC = "https://8.8.8.8/v2/"
OFFICE = "https://10.1.1.1/v2/"
HERE = "http://127.0.0.1:5000/v2/"


@pytest.mark.parametrize(
    ("registry", "url"),
    [
        (PUBLIC, "https://8.8.8.8/elsewhere"),
        (PUBLIC, "https://9.9.9.9/bucket?signature=x"),
        (OFFICE, "https://10.2.2.2/storage"),
        (OFFICE, "https://9.9.9.9/bucket"),
        (HERE, "http://127.0.0.1:5001/token"),
        (HERE, "https://9.9.9.9/bucket"),
    ],
)
def test_a_registry_may_send_us_as_far_out_as_it_is(registry: str, url: str) -> None:
    assert check_hop(Origin.of(registry), url, insecure=False) == Origin.of(url)


@pytest.mark.parametrize(
    ("registry", "url"),
    [
        (PUBLIC, "https://10.0.0.1/"),
        (PUBLIC, "https://127.0.0.1:2375/containers"),
        (PUBLIC, "https://localhost/"),
        (PUBLIC, "https://[::1]/"),
        (PUBLIC, "https://[::ffff:10.0.0.1]/"),
        (PUBLIC, "https://169.254.169.254/latest"),
        (PUBLIC, "https://0.0.0.0/"),
        (OFFICE, "https://127.0.0.1/"),
        (OFFICE, "https://169.254.169.254/latest"),
        (HERE, "https://169.254.169.254/latest"),
        (PUBLIC, "http://8.8.8.8/v2/"),
        (PUBLIC, "http://9.9.9.9/"),
        (HERE, "http://9.9.9.9/"),
        (PUBLIC, "ftp://9.9.9.9/"),
        (PUBLIC, "/relative"),
    ],
)
def test_a_registry_may_not_send_us_nearer_in_or_into_the_clear(registry: str, url: str) -> None:
    with pytest.raises(RegistryProtocol):
        check_hop(Origin.of(registry), url, insecure=False)


def test_leave_for_plain_http_covers_where_an_insecure_registry_sends_us() -> None:
    registry = Origin.of("http://10.1.1.1:5000/")
    assert check_hop(registry, "http://10.1.1.2:9000/bucket", insecure=True)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.9.1", "::1"])
def test_this_machine_is_known_by_each_of_its_names(host: str) -> None:
    assert is_this_machine(host)


@pytest.mark.parametrize("host", ["localhost.example", "128.0.0.1", "127.0.0.1.example", "registry"])
def test_other_machines_are_not_this_one(host: str) -> None:
    assert not is_this_machine(host)
