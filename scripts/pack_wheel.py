"""Add the files of an extension module to a wheel of Python files, for scripts/wheels.

python pack_wheel.py PURE_WHEEL FOLDER VERSION DESTINATION: FOLDER has the module, the folder
`scripts` and perhaps more files of the package; VERSION is that of CPython, such as 3.14 or 3.14t.
"""

from __future__ import annotations

import pathlib
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile


def main() -> None:
    pure, staged, version, destination = sys.argv[1:]
    abi = "cp" + version.replace(".", "")
    tag = f"{abi.rstrip('t')}-{abi}-linux_{platform.machine()}"
    with tempfile.TemporaryDirectory() as folder:
        unpacked = pathlib.Path(folder)
        with zipfile.ZipFile(pure) as wheel:
            wheel.extractall(unpacked)
        (information,) = unpacked.glob("*.dist-info")
        shutil.copytree(staged, unpacked, dirs_exist_ok=True)
        data = unpacked / information.name.replace(".dist-info", ".data")
        data.mkdir()
        (unpacked / "scripts").rename(data / "scripts")
        description = information / "WHEEL"
        text = re.sub(
            r"(?m)^Root-Is-Purelib: .*$", "Root-Is-Purelib: false", description.read_text()
        )
        description.write_text(re.sub(r"(?m)^Tag: .*$", f"Tag: {tag}", text))
        subprocess.run(
            [*(sys.executable, "-m", "wheel", "pack", folder), *("--dest-dir", destination)],
            stdout=subprocess.DEVNULL,
            check=True,
        )


if __name__ == "__main__":
    main()
