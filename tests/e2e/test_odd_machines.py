"""Machines that aren't like the one photonctl was written on: proxies, homes, keyrings, streams."""

import pytest

MANIFEST = "version: 1\nproject: {name: bot}\n"
ODD_SETTINGS = {
    "NO_PROXY": "fe80::/10",
    "ALL_PROXY": "socks5://u:hunter2@127.0.0.1:9",
    "HTTP_PROXY": "http://u:hunter2@host:notaport",
    "SSL_CERT_FILE": "/nonexistent",
    "SSLKEYLOGFILE": "/nonexistent/keys",
}


def test_a_local_photon_is_spoken_to_whatever_the_proxy_settings_say(newer_cli):
    newer_cli.write(MANIFEST)

    assert "project" in newer_cli.ok("plan", env=ODD_SETTINGS)
    assert "project" in newer_cli.ok("plan", env={"http_proxy": "http://127.0.0.1:9"})


@pytest.mark.parametrize("command", ["plan", "doctor", "whoami", "login"])
@pytest.mark.parametrize("name", ["ALL_PROXY", "HTTP_PROXY", "SSL_CERT_FILE", "SSLKEYLOGFILE"])
def test_a_wrong_setting_is_one_error_that_names_it(bare_cli, command, name):
    bare_cli.write(MANIFEST)
    value = "ftp://u:hunter2@host" if name == "ALL_PROXY" else ODD_SETTINGS[name]

    done = bare_cli.run(command, "-vv", env={name: value, "PHOTON_TOKEN": "t"})

    assert done.returncode == 64
    assert done.stderr.count("Error:") == 1
    assert name in done.stderr
    assert "hunter2" not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
