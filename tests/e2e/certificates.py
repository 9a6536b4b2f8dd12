# SPDX-License-Identifier: BSD-3-Clause
"""Certificates for tests, made with the openssl program: an authority, and what it signed.

Keys are on the curve P-256 unless said otherwise: they take no time to make.
"""
import os
import shutil
import subprocess
import tempfile

import pytest


def run(*words):
    done = subprocess.run(["openssl", *words], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


class Authority:
    """A folder with ca.crt and ca.key; issue() adds NAME.crt and NAME.key."""

    def __init__(self, name="Test authority"):
        if not shutil.which("openssl"):
            pytest.skip("the openssl program is not installed")
        self.folder = tempfile.mkdtemp(prefix="keel-certificates-")
        self.key("ca")
        run("req", "-x509", "-new", "-key", self.path("ca.key"), "-subj", "/CN=" + name, "-days", "2", "-out", self.path("ca.crt"))

    def path(self, name):
        return os.path.join(self.folder, name)

    def key(self, name, rsa=False):
        how = ("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048") if rsa else (
            "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
        run("genpkey", *how, "-out", self.path(name + ".key"))

    def issue(self, name, subject="/CN=localhost", names="DNS:localhost,IP:127.0.0.1", rsa=False, days=2):
        """NAME.crt and NAME.key, signed by the authority; returns their paths."""
        self.key(name, rsa)
        request, extensions = self.path(name + ".csr"), self.path(name + ".ext")
        run("req", "-new", "-key", self.path(name + ".key"), "-subj", subject, "-out", request)
        with open(extensions, "w") as f:
            f.write("subjectAltName=%s\n" % names)
        run("x509", "-req", "-in", request, "-CA", self.path("ca.crt"), "-CAkey", self.path("ca.key"), "-CAcreateserial",
            "-days", str(days), "-extfile", extensions, "-out", self.path(name + ".crt"))
        return self.path(name + ".crt"), self.path(name + ".key")

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)


def directives(authority, port, certificate="server", **more):
    """What makes a server speak TLS on `port`, without a plain one."""
    out = {"port": 0, "tls-port": port, "tls-cert-file": authority.path(certificate + ".crt"),
           "tls-key-file": authority.path(certificate + ".key"), "tls-ca-cert-file": authority.path("ca.crt")}
    out.update({k.replace("_", "-"): v for k, v in more.items()})
    return out
