# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Draw the documentation's pictures into a directory: python -m tests.pictures DIRECTORY"""

import pathlib
import sys

from tests.pictures.drawings import drawings

if __name__ == "__main__":
    for name, picture in drawings().items():
        (pathlib.Path(sys.argv[1]) / name).write_text(picture, encoding="utf-8")
