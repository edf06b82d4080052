"""What the running containers may do, and who reaches them: proven by the engine's word and by attempts."""

from __future__ import annotations

import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from tests.support.containers import IMAGE, PORT, PROCESSOR_PORTS, PROJECT, SERVICES, Stack, run, taken_port, usage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.compose.conftest import RunStack

SECRET = "only worker and APIs know"
IDLE_S = 15.0
IDLE_SHARE_MAX = 0.05

CONNECT = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 2)"
CONNECT_UNIX = "import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])"


@pytest.fixture(scope="module")
def stack(run_stack: RunStack) -> Iterator[Stack]:
    with run_stack(Stack(environ={"RINHA_BRIDGE_SECRET": SECRET}), PORT, *PROCESSOR_PORTS.values()) as stack:
        yield stack


def fails(*command: str) -> str:
    """Run a command that must not succeed, and return what it wrote to stderr."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode != 0, f"{command} succeeded: {done.stdout}"
    return done.stderr


def stranger(*options: str) -> tuple[str, ...]:
    """A container that isn't of the stack, and runs the Python code that follows."""
    return ("docker", "run", "--rm", *options, "--entrypoint", "python", IMAGE, "-c")


def address(stack: Stack, service: str, network: str) -> str:
    networks = stack.inspect(service)["NetworkSettings"]["Networks"]
    return str(networks[f"{PROJECT}_{network}"]["IPAddress"])


@pytest.mark.parametrize("service", SERVICES)
def test_the_engine_holds_it_to_little(stack: Stack, service: str) -> None:
    container = stack.inspect(service)
    host, limits = container["HostConfig"], stack.config()["services"][service]["deploy"]["resources"]["limits"]
    assert host["ReadonlyRootfs"]
    assert host["CapDrop"] == ["ALL"]
    assert not host["CapAdd"]
    assert host["SecurityOpt"] == ["no-new-privileges:true"]
    assert not host["Privileged"]
    assert host["RestartPolicy"]["Name"] == "unless-stopped"
    assert host["NetworkMode"] not in {"host", "bridge"}
    assert (host["NanoCpus"], host["Memory"]) == (round(float(limits["cpus"]) * 1e9), int(limits["memory"]))
    assert host["PidsLimit"] == limits["pids"] > 0
    assert not host["Devices"]
    assert all("docker.sock" not in mount["Source"] for mount in container["Mounts"])


@pytest.mark.parametrize("service", SERVICES)
def test_its_process_has_no_power_and_can_write_nowhere(stack: Stack, service: str) -> None:
    status = dict(line.split(":\t", 1) for line in stack.run_in(service, "cat", "/proc/1/status").splitlines())
    assert status["CapEff"] == status["CapBnd"] == "0000000000000000"
    assert status["NoNewPrivs"] == "1"
    assert "0" not in status["Uid"].split()
    for directory in ("/", "/tmp", "/opt", "/var", "/etc"):
        said = fails(*stack.command("exec", "--no-TTY", service, "touch", f"{directory}/attempt"))
        assert "Read-only file system" in said or "Permission denied" in said, said
    # Not for want of permission alone: root can't either.
    said = fails(*stack.command("exec", "--no-TTY", "--user", "0", service, "touch", "/attempt"))
    assert "Read-only file system" in said


def test_9999_is_the_only_port_of_the_services_proper(stack: Stack) -> None:
    published = {
        (service, port)
        for service in SERVICES
        for port, hosts in stack.inspect(service)["NetworkSettings"]["Ports"].items()
        if hosts
    }
    assert published == {("haproxy", "9999/tcp")}
    assert taken_port(PORT) == PORT
    assert taken_port(8404) is None, "the statistics can be reached from outside"


def listening(stack: Stack, service: str) -> set[tuple[str, int]]:
    """Where a service listens by TCP, the engine's own resolver left out."""
    found = set()
    for line in stack.run_in(service, "cat", "/proc/net/tcp").splitlines()[1:]:
        local, state = line.split()[1], line.split()[3]
        host, _, port = local.partition(":")
        place = ".".join(str(each) for each in reversed(bytes.fromhex(host)))
        if state == "0A" and not place.startswith("127.0.0.11"):
            found.add((place, int(port, 16)))
    return found


def test_an_api_listens_on_no_network(stack: Stack) -> None:
    assert listening(stack, "payment-api-1") == set()


def test_the_worker_listens_on_the_bridges_network_alone(stack: Stack) -> None:
    assert listening(stack, "payment-worker") == {(address(stack, "payment-worker", "bridge"), 7000)}


def test_the_worker_made_a_secret_that_only_the_apis_share(stack: Stack) -> None:
    secret = stack.run_in("payment-worker", "cat", "/run/rinha/secret").strip()
    assert len(secret) == 64
    assert stack.run_in("payment-worker", "stat", "--format=%a %u", "/run/rinha/secret").split() == ["400", "10001"]
    for api in ("payment-api-1", "payment-api-2"):
        assert stack.run_in(api, "cat", "/run/rinha/secret").strip() == secret
    for service in ("haproxy", "payment-api-1", "payment-worker"):
        assert secret not in str(stack.inspect(service)), "it is in the container's configuration"
    said = fails(*stack.command("exec", "--no-TTY", "payment-api-1", "touch", "/run/rinha/attempt"))
    assert "Read-only file system" in said


def test_no_other_container_reaches_the_apis_sockets(stack: Stack) -> None:
    path = "/run/apis/payment-api-1"
    mounted = f"--volume={PROJECT}_apis:/run/apis"
    # It is there, and the right user gets through: what follows fails for the reasons meant.
    run(*stranger("--network=none", mounted), CONNECT_UNIX, path)
    assert "PermissionError" in fails(*stranger("--network=none", "--user=65534:65534", mounted), CONNECT_UNIX, path)
    assert "FileNotFoundError" in fails(*stranger(f"--network={PROJECT}_bridge"), CONNECT_UNIX, path)


def test_haproxy_reaches_the_apis_and_not_the_bridge(stack: Stack) -> None:
    assert {mount["Destination"] for mount in stack.inspect("haproxy")["Mounts"] if mount["Type"] == "volume"} == {
        "/run/apis"
    }
    said = fails(*stack.command("exec", "--no-TTY", "haproxy", "touch", "/run/apis/attempt"))
    assert "Read-only file system" in said or "Permission denied" in said, said


def test_the_bridge_opens_with_the_secret_alone(stack: Stack) -> None:
    stack.run_in("payment-worker", "rinha", "rows")
    for wrong in ("", "a guess, and a long one"):
        settings = f"--env=RINHA_BRIDGE_SECRET={wrong}", "--env=RINHA_BRIDGE_SECRET_FILE="
        fails(*stack.command("exec", "--no-TTY", *settings, "payment-worker", "rinha", "rows"))


def test_containers_outside_reach_haproxy_and_nothing_behind_it(stack: Stack) -> None:
    worker, api = address(stack, "payment-worker", "processors"), address(stack, "payment-api-1", "bridge")
    run(*stranger(f"--network={PROJECT}_edge"), CONNECT, address(stack, "haproxy", "edge"), "9999")
    statistics = address(stack, "haproxy", "edge"), "8404"
    assert "ConnectionRefusedError" in fails(*stranger(f"--network={PROJECT}_edge"), CONNECT, *statistics)
    assert "ConnectionRefusedError" in fails(*stranger(f"--network={PROJECT}_bridge"), CONNECT, api, "9999")
    assert "ConnectionRefusedError" in fails(*stranger(f"--network={PROJECT}_processors"), CONNECT, worker, "7000")


def test_the_apis_reach_nothing_outside(stack: Stack) -> None:
    processor = address(stack, "payment-processor-default", "processors")
    run(*stack.command("exec", "--no-TTY", "payment-worker", "python", "-c", CONNECT, processor, "8080"))
    fails(*stack.command("exec", "--no-TTY", "payment-api-1", "python", "-c", CONNECT, processor, "8080"))


def test_idling_with_its_health_check_costs_little(stack: Stack) -> None:
    containers = {service: stack.container(service) for service in SERVICES}
    before = {service: usage(each) for service, each in containers.items()}
    began_s = time.monotonic()
    # An interval of the measurement, not a wait for something.
    time.sleep(IDLE_S)
    took_s = time.monotonic() - began_s
    shares = {}
    for service, each in containers.items():
        limit_s = stack.inspect(service)["HostConfig"]["NanoCpus"] / 1e9 * took_s
        shares[service] = (usage(each).cpu_ns - before[service].cpu_ns) / 1e9 / limit_s
    print({service: f"{share:.1%}" for service, share in shares.items()})
    assert max(shares.values()) <= IDLE_SHARE_MAX, shares
