"""Where the pages are that messages name."""

from __future__ import annotations

import pathlib
import shutil
import subprocess
import sys

import pytest
import sioserve.pages
from sioserve.options.command_line import read_command_line
from support.server import ROOT


def test_the_help_ends_with_the_folder_of_the_pages(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        read_command_line(["--help"])
    *_, text, folder = capsys.readouterr().out.splitlines()
    assert text == "The pages that messages name, such as docs/tls.md, are in"
    # Of the checkout, or beside the installed package.
    assert pathlib.Path(folder, "tls.md").read_bytes() == (ROOT / "docs/tls.md").read_bytes()


@pytest.mark.parametrize("has_pages", [True, False])
def test_an_installed_package_has_them_beside_it(tmp_path: pathlib.Path, has_pages: bool) -> None:
    package = tmp_path / "lib" / "site-packages" / "sioserve"
    package.mkdir(parents=True)
    shutil.copy(sioserve.pages.__file__, package)
    if has_pages:
        shutil.copytree(ROOT / "docs", package / "docs")
    found = subprocess.run(
        [sys.executable, "-c", "import pages; print(pages.folder_of_pages())"],
        cwd=package,
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip() == (str(package / "docs") if has_pages else "")
