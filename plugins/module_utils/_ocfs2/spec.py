# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be read of a host, apart from what reads it: a host without OCFS2 need not load that."""

READING = dict(
    name=dict(type="str", default="ocfs2"),
    address=dict(type="str", default=""),
    network=dict(type="str", default=""),
    sources=dict(type="list", elements="str", default=[]),
    devices=dict(type="list", elements="str", default=[]),
    timeout=dict(type="float", default=30.0),
)
