"""What is shipped can be read, and what is slow to import waits until it is needed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from engine.tools import papers

ROOT = Path(__file__).parents[3]
SHIPPED = sorted(ROOT.glob("sample_projects/*/papers"))


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda folder: folder.parent.name)
def test_the_papers_of_a_sample_are_all_read_and_can_be_cited(folder: Path) -> None:
    found = papers.read(folder)
    assert len(found.papers) >= 5
    assert found.unreadable == ()
    for paper in found.papers:
        assert paper.title and paper.authors and paper.year and paper.abstract and paper.pages
        assert paper.bibtex.startswith("@") and f"{{{paper.key}," in paper.bibtex
        assert papers.search(paper.title, folder, 1).papers[0].key == paper.key


def test_the_clients_of_the_sources_are_imported_late() -> None:
    slow = ["arxiv", "requests", "semanticscholar", "httpx", "huggingface_hub", "pypdfium2"]
    code = (
        "import sys\nfrom engine.tools import arxiv, papers, pdf, scholar, shelf\n"
        f"print([name for name in {slow} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
