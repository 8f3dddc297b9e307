"""Deploys template.yaml to an AWS emulator on this machine, with a private PostgreSQL, and removes
it again. Everything listens on loopback only; `down` deletes it.

    python infra/local.py up [Parameter=value ...] | down | endpoint

`make deploy-local` and `make undeploy-local` call it with the Python of SAM's environment. It writes
what runs to .local/deployed.json, which the tests of the deployment read.
"""

import json
import os
import pathlib
import platform
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
STATE = ROOT / ".local"
NOTE = STATE / "deployed.json"
CACHE = pathlib.Path(os.environ.get("BORG_CACHE") or pathlib.Path.home() / ".cache/borg")
STACK = "borg"
REGION = "us-east-1"
START_SECONDS_MAX = 60


def say(text):
    print(text, file=sys.stderr, flush=True)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def cloud_variables(port):
    """The emulator's address, and credentials that are valid for it only."""
    return {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }


def start_emulator(port):
    """The functions inherit its environment: no variable of ours may leak into it, and it must have
    the endpoint, or a function's calls would go to the real AWS."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(STATE),
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "IOT_MTLS_ENABLED": "0",
        **cloud_variables(port),
    }
    log = open(STATE / "emulator.log", "wb")
    process = subprocess.Popen(
        [CACHE / ".venv-ministack/bin/ministack"],
        env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
    )
    deadline = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/_ministack/health", timeout=2).close()
            return process.pid
        except OSError:
            time.sleep(0.2)
    sys.exit(f"the emulator did not start: see {log.name}")


def postgres_folder():
    found = [path.parent for parent in ("/usr/lib/postgresql", "/opt/homebrew/opt", "/usr/local/opt")
             for path in pathlib.Path(parent).glob("*/bin/initdb")]
    on_path = shutil.which("initdb")
    if on_path:
        found.append(pathlib.Path(on_path).parent)
    if not found:
        sys.exit("no PostgreSQL was found: run infra/setup.sh")
    return max(found, key=lambda folder: [int(n) for n in folder.parent.name.split("@")[-1].split(".") if n.isdigit()])


def as_postgres():
    """PostgreSQL refuses to run as root, and must not read the user's own settings (PGPORT …)."""
    own = {"env": {name: value for name, value in os.environ.items() if not name.startswith("PG")}}
    if os.geteuid() != 0:
        return own
    names = {user.pw_name: user for user in pwd.getpwall()}
    user = names.get("postgres") or names["nobody"]
    return own | {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": [], "cwd": "/"}


def start_postgres():
    """Starts a server with new data on a free port; returns its data folder and its URL."""
    folder, who, port = postgres_folder(), as_postgres(), free_port()
    # pg_ctl inserts paths into a shell command: this one is plain, whatever TMPDIR is.
    data = pathlib.Path(tempfile.mkdtemp(prefix="borg-deployed-", dir="/tmp"))
    password = secrets.token_hex(16)
    note = data / "password"
    note.write_text(password)
    if who:
        os.chown(data, who["user"], who["group"])
        os.chown(note, who["user"], who["group"])
    run = {"check": True, "stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, **who}
    subprocess.run([folder / "initdb", "--pgdata", data / "data", "--username=borg", "--encoding=UTF8",
                    "--locale=C", "--auth=scram-sha-256", f"--pwfile={note}", "--no-sync"], **run)
    note.unlink()
    options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories= -c fsync=off"
    subprocess.run([folder / "pg_ctl", "start", "--wait", "--silent", "--pgdata", data / "data",
                    "--log", data / "log", "--options", options], **run)
    return str(data), f"postgres://borg:{password}@127.0.0.1:{port}/postgres"


def stop_postgres(data):
    folder = pathlib.Path(data)
    if folder.exists():
        subprocess.run([postgres_folder() / "pg_ctl", "stop", "--mode=immediate", "--silent",
                        "--pgdata", folder / "data"], check=False, **as_postgres())
        shutil.rmtree(folder, ignore_errors=True)


def is_alive(pid):
    """Whether the process is (still) the emulator."""
    try:
        return b"ministack" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        shown = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, check=False)
        return b"ministack" in shown.stdout


def stop(note):
    if is_alive(note["pid"]):
        # It leads a process group: the functions that it started end with it.
        os.killpg(note["pid"], signal.SIGTERM)
        deadline = time.monotonic() + 10
        while is_alive(note["pid"]) and time.monotonic() < deadline:
            time.sleep(0.1)
        if is_alive(note["pid"]):
            os.killpg(note["pid"], signal.SIGKILL)
    stop_postgres(note["postgres"])


def sam_deploy(port, parameters):
    command = [
        CACHE / ".venv-sam/bin/sam", "deploy", "--template-file", ROOT / "template.yaml",
        "--config-file", ROOT / "samconfig.toml", "--config-env", "local",
        "--parameter-overrides", *(f"{name}={value}" for name, value in parameters.items()),
    ]
    environment = {**os.environ, **cloud_variables(port), "SAM_CLI_TELEMETRY": "0"}
    done = subprocess.run(command, env=environment, cwd=ROOT, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    (STATE / "deploy.log").write_bytes(done.stdout)
    if done.returncode != 0:
        sys.exit(done.stdout.decode()[-4000:])


def finish_deploy(port):
    """The stack's outputs, after its migrate function has run."""
    import boto3
    from botocore.config import Config

    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": REGION}
    config = Config(read_timeout=900, retries={"max_attempts": 0})
    client = lambda name: boto3.client(name, endpoint_url=f"http://127.0.0.1:{port}", config=config, **keys)
    stack = client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    answer = client("lambda").invoke(FunctionName=outputs["MigrateFunction"], Payload=b"{}")
    payload = answer["Payload"].read().decode()
    if "FunctionError" in answer:
        sys.exit(f"migrate failed: {payload}")
    say(f"migrate: {payload}")
    return outputs


def up(given):
    STATE.mkdir(exist_ok=True)
    if NOTE.exists():
        down()
    port = free_port()
    data, database_url = start_postgres()
    note = {"postgres": data, "database_url": database_url, "pid": start_emulator(port)}
    try:
        say("deploying template.yaml")
        secret = secrets.token_hex(16)
        machine = "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64"
        own = {"Stage": "local", "Architecture": machine, "DatabaseUrl": database_url, "ServerSecret": secret}
        sam_deploy(port, {**own, **given})
        note |= finish_deploy(port)
    except BaseException:
        stop(note)
        raise
    api = note["ApiId"]
    note |= {"endpoint": f"http://127.0.0.1:{port}", "server_secret": secret,
             "api_url": f"http://127.0.0.1:{port}/_aws/execute-api/{api}/$default"}
    NOTE.touch(mode=0o600)
    NOTE.write_text(json.dumps(note, indent=2) + "\n")
    say(f"the API: curl -H 'Host: {api}.execute-api.localhost' http://127.0.0.1:{port}/v1/status")
    print(note["api_url"])


def down():
    if not NOTE.exists():
        return say("nothing is deployed here")
    stop(json.loads(NOTE.read_text()))
    NOTE.unlink()
    say("the local deployment is gone")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["up", *given]:
            up(dict(item.split("=", 1) for item in given))
        case ["down"]:
            down()
        case ["endpoint"] if NOTE.exists():
            print(json.loads(NOTE.read_text())["endpoint"])
        case _:
            sys.exit(__doc__)
