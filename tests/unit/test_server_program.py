"""How the program of a genuine server is started and waited for, told by a program that is none."""

import signal
import sys
from pathlib import Path

import pytest

from tests.cluster import program
from tests.cluster.program import Program

SERVER = """#!{python}
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

given = dict(zip(sys.argv[2::2], sys.argv[3::2]))
runs = Path(given["--db"]) / "runs"
runs.write_text(runs.read_text() + "x" if runs.exists() else "x")
if len(runs.read_text()) == 1:
    sys.exit(1)  # a member that has to truncate ends itself
(Path(given["--db"]) / "given").write_text(" ".join(sys.argv[1:]))


class Info(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b\'{{"state":"Follower"}}\')

    def log_message(self, *_):
        pass


HTTPServer(("127.0.0.1", int(given["--node-port"])), Info).serve_forever()
"""


def test_a_server_is_started_with_its_settings_and_again_when_it_ends_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "server"
    path.write_text(SERVER.format(python=sys.executable))
    path.chmod(0o755)
    monkeypatch.setattr(program, "PROGRAM", str(path))
    server = Program(tmp_path, seeds=("127.0.0.1:1", "127.0.0.1:2"))
    server.launch()
    try:
        server.wait_until_it_serves()
        assert server.state() == "follower"
        assert (tmp_path / "db" / "runs").read_text() == "xx"
        given = (tmp_path / "db" / "given").read_text()
        assert given.startswith("--insecure --db ")
        assert "--cluster-size 3 --discover-via-dns false --gossip-seed 127.0.0.1:1,127.0.0.1:2" in given
        assert server.uri == f"esdb://127.0.0.1:{server.port}?Tls=false"
    finally:
        assert server.end(signal.SIGKILL) == -signal.SIGKILL
    assert server.state() == ""
