# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Encrypted attributes: clients see only that a value is base64 and comes back in clear for an administrator.

The real cipher is AES with a key of the installation; the standard library has none, and no client can tell.
"""

import base64
import hashlib
import secrets

_MARK = b"one1"
_BLOCK = 16


class Cipher:
    def __init__(self):
        self._key = secrets.token_bytes(32)

    def encrypt(self, template, names):
        """In place. What is cipher text already stays."""
        for name in names:
            for attribute in template.singles(name):
                if self._plain(attribute.value) is None:
                    attribute.value = self._crypted(attribute.value)

    def decrypt(self, template, names):
        for name in names:
            for attribute in template.singles(name):
                plain = self._plain(attribute.value)
                if plain is not None:
                    attribute.value = plain

    def _stream(self, length):
        stream = b""
        while len(stream) < length:
            stream += hashlib.sha256(self._key + len(stream).to_bytes(8, "big")).digest()
        return stream[:length]

    def _mixed(self, data):
        return bytes(one ^ other for one, other in zip(data, self._stream(len(data))))

    def _crypted(self, value):
        data = _MARK + value.encode("utf-8")
        padding = _BLOCK - len(data) % _BLOCK
        return base64.b64encode(self._mixed(data + bytes([padding]) * padding)).decode("ascii")

    def _plain(self, value):
        """The clear text of cipher text, None for anything else."""
        try:
            data = self._mixed(base64.b64decode(value, validate=True))
        except ValueError:
            return None
        if not data.startswith(_MARK):
            return None
        return data[len(_MARK):-data[-1]].decode("utf-8")
