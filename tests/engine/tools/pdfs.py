"""Small real PDFs, written by hand: a page a text, a line a line."""

from __future__ import annotations


def pdf_of(*pages: str, title: str = "", author: str = "") -> bytes:
    """A PDF that says `pages`, in Helvetica; a line that begins with * is set larger."""
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b"", b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    kids = []
    for text in pages:
        shown = b" ".join(_line(line) for line in text.splitlines())
        stream = b"BT /F1 11 Tf 14 TL 50 740 Td " + shown + b" ET"
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream))
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents %d 0 R"
            b" /Resources << /Font << /F1 3 0 R >> >> >>" % len(objects)
        )
        kids.append(b"%d 0 R" % len(objects))
    objects[1] = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (b" ".join(kids), len(kids))
    objects.append(b"<< /Title (" + _escaped(title) + b") /Author (" + _escaped(author) + b") >>")
    body, places = b"%PDF-1.4\n", []
    for nth, one in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (nth, one)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return body + (
        b"xref\n0 %d\n0000000000 65535 f \n%strailer << /Size %d /Root 1 0 R /Info %d 0 R >>\nstartxref\n%d\n%%%%EOF\n"
        % (len(objects) + 1, table, len(objects) + 1, len(objects), len(body))
    )


def _line(text: str) -> bytes:
    size = 18 if text.startswith("*") else 11
    return b"/F1 %d Tf (" % size + _escaped(text.removeprefix("*")) + b") Tj T*"


def _escaped(text: str) -> bytes:
    return text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)").encode("latin-1")
