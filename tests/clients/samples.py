"""Runs every example of the API's document against the API, in every language that it is in.

    samples.py URL FOLDER

FOLDER gets the examples in TypeScript, to be compiled. BORG_KEY is the key. An example must send one request, and be
answered with a status that the document lists for its operation. Examples run as they stand: they reach the API through
a relay, which notes the status under the number of the example, the first segment of its path.
"""

import collections
import contextlib
import http.client
import http.server
import io
import json
import os
import pathlib
import subprocess
import sys
import threading
import urllib.parse
import urllib.request

import openapi_spec_validator
import requests

LANGUAGES = ["curl", "Python", "TypeScript"]
# Those of one hop, which a relay does not pass on.
HOP = {"connection", "host", "keep-alive", "transfer-encoding", "accept-encoding", "content-length"}


class Example:
    def __init__(self, operation, label, source):
        self.operation, self.label, self.source = operation, label, source
        self.statuses, self.error, self.url = [], None, None

    def __str__(self):
        return f"{self.operation['operationId']} in {self.label}"

    def fault(self):
        """What is wrong with it, or nothing."""
        if len(self.statuses) != 1:
            return f"{self}: {len(self.statuses)} requests, not one: {self.error}"
        if str(self.statuses[0]) not in self.operation["responses"]:
            return f"{self}: answered with {self.statuses[0]}, which the document does not list"
        if self.error and self.statuses[0] < 400:
            return f"{self}: {self.error}"
        return None


def examples(document):
    for methods in document["paths"].values():
        for operation in methods.values():
            for sample in operation["x-codeSamples"]:
                yield Example(operation, sample["label"], sample["source"])


class Relay(http.server.BaseHTTPRequestHandler):
    """Passes requests on, and notes what they are answered with."""

    def pass_on(self):
        _, number, path = self.path.split("/", 2)
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP}
        api = http.client.HTTPConnection(self.server.api, timeout=30)
        api.request(self.command, "/" + path, body or None, headers)
        answer = api.getresponse()
        content = answer.read()
        self.server.examples[int(number)].statuses.append(answer.status)
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in HOP:
                self.send_header(name, value)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_DELETE = pass_on

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def relay(url, all_examples):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Relay)
    server.api, server.examples = urllib.parse.urlsplit(url).netloc, all_examples
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for number, example in enumerate(all_examples):
        example.url = f"http://127.0.0.1:{server.server_port}/{number}"
    yield
    server.shutdown()


def run_curl(example):
    env = {**os.environ, "BORG_URL": example.url}
    ended = subprocess.run(["bash", "-c", example.source], env=env, capture_output=True, timeout=60)
    if ended.returncode:
        example.error = ended.stderr.decode(errors="replace")


def run_python(example):
    os.environ["BORG_URL"] = example.url
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(example.source, str(example), "exec"), {})
    except requests.HTTPError:
        pass
    except Exception as error:
        example.error = repr(error)


def run_typescript(some):
    lines = "\n".join(json.dumps({"source": one.source, "url": one.url}) for one in some)
    runner = pathlib.Path(__file__).with_name("run.mjs")
    ended = subprocess.run(["node", runner], input=lines, capture_output=True, text=True, timeout=120, check=True)
    for example, line in zip(some, ended.stdout.splitlines(), strict=True):
        example.error = json.loads(line)["error"]


def read(url):
    with urllib.request.urlopen(url) as answer:
        return json.load(answer)


def main(url, folder):
    document = read(url + "/openapi.json")
    openapi_spec_validator.validate(document)
    openapi_spec_validator.validate(read(url + "/openapi-3.0.json"))
    all_examples = list(examples(document))
    of = {label: [one for one in all_examples if one.label == label] for label in LANGUAGES}
    with relay(url, all_examples):
        for example in of["curl"]:
            run_curl(example)
        for example in of["Python"]:
            run_python(example)
        run_typescript(of["TypeScript"])
    for example in of["TypeScript"]:
        file = pathlib.Path(folder, example.operation["operationId"] + ".ts")
        file.write_text(example.source + "\nexport {};\n", encoding="utf-8")
    counts = collections.Counter(status for one in all_examples for status in one.statuses)
    refused = sorted({one.operation["operationId"] for one in all_examples if any(s >= 400 for s in one.statuses)})
    print(f"examples: {len(all_examples)}; by status: {dict(sorted(counts.items()))}; refused: {', '.join(refused)}")
    faults = [fault for fault in (one.fault() for one in all_examples) if fault]
    if faults or len(all_examples) != sum(map(len, of.values())) or not all(of.values()):
        sys.exit("\n".join(faults) or f"an example is in none of {LANGUAGES}")


main(*sys.argv[1:])
