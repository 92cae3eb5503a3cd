# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is left of a scenario's shares after they were declared absent: nothing on the hosts."""

import os
from pathlib import Path

import yaml

from tests.support.shares import AbsentShares

DECLARED = yaml.safe_load((Path(os.environ["MOLECULE_SCENARIO_DIRECTORY"]) / "shares.yml").read_text(encoding="utf-8"))


class TestAbsent(AbsentShares):
    paths = [share["path"] for share in DECLARED["all"]["vars"]["virtshare_shares"] if share.get("source")]
