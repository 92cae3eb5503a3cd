# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answer as a flexVDI Manager does, as far as that is documented; see --help, and the package flexsim."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.simulators.flexsim.command import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
