r"""Numbers in words where a reader would take them for measured ones, in English and Chinese.

A count up to twelve is none, nor is an everyday share or factor (half, two thirds, twice, four times the decay; 一半,
两倍). Beyond that a number in words claims what digits would: percentages and 成, decimals, numbers past twelve, and
factors of comparison (tenfold, ten times faster, 快了三倍). Used for papers and for the lab's Markdown texts.
"""

from __future__ import annotations

import re

_TEEN = r"(?:thir|four|fif|six|seven|eigh|nine)teen"
_TENS = r"(?:twen|thir|for|fif|six|seven|eigh|nine)ty"
_MANY = rf"(?:three|four|five|six|seven|eight|nine|ten|eleven|twelve|{_TEEN}|{_TENS}|hundred|thousand|million|billion)"
_WORD = rf"(?:zero|one|two|{_MANY})"
_COMPARED = (
    r"(?:as\s+(?:many|much|few|fast|slow|long|short|large|big|small|high|low|wide|deep|often|good|bad|likely|quickly"
    r"|slowly|accurate|expensive|cheap|early|late)"
    r"|more|less|fewer|faster|slower|longer|shorter|larger|bigger|greater|smaller|higher|lower|wider|deeper|better|worse"
    r"|quicker|cheaper|earlier|later)"
)
_DIGIT = "[一二两三四五六七八九]"
_SEVERAL = "[零〇一二两三四五六七八九十百千]"
_NO_SHARE = "为功立果本员分长熟就绩对型像形组套因见败品交语句效人年不了"
"""What makes another word of 成."""
_CHANGED = (
    "(?:快|慢|高|低|多|少|大|小|长|短|强|弱|提升|提高|增加|增长|减少|降低|缩短|延长|加快|加速|扩大|缩小|上升|下降)"
)

SAID = re.compile(
    rf"\b{_WORD}(?:(?:[\s-]+and)?[\s-]+{_WORD}){{0,8}}(?:\s+point(?:\s+{_WORD}){{1,8}})?"
    r"(?:[\s~{}$^_-]*[%％‰]|[\s~-]+per[\s-]?cent(?:age)?\b)"
    r"|\bhalf\s+an?\s+per[\s-]?cent(?:age)?\b"
    rf"|\b(?:zero|(?!one\b){_WORD})\s+point(?:\s+{_WORD}){{1,8}}\b"
    rf"|\bone\s+point(?:\s+{_WORD}){{1,8}}\s+times\b"
    rf"|\b{_MANY}[\s-]?fold\b(?![\s-]+cross)|\b{_MANY}\s+times\s+{_COMPARED}\b"
    rf"|\b{_TENS}[\s-]+(?:one|two|three|four|five|six|seven|eight|nine)\b"
    rf"|\b{_WORD}[\s-]+(?:hundred|thousand|million|billion|hundredths?|thousandths?)\b"
    rf"|\b(?:{_TEEN}|{_TENS})\b"
    rf"|{_CHANGED}[了到至为约近达成]{{0,3}}[三四五六七八九十]{_SEVERAL}*万?倍"
    rf"|{_DIGIT}[百千万]{_SEVERAL}+|[二三四五六七八九]十{_DIGIT}?|十[三四五六七八九]|{_DIGIT}[百千万亿]+|十[万亿]"
    rf"|{_DIGIT}[零〇]{_SEVERAL}+"
    r"|[百千万]分之[零〇一二两三四五六七八九十百点]+|百分百"
    rf"|(?<!第){_DIGIT}成(?:[一二三四五六七八九半]|(?![{_NO_SHARE}]))"
    r"|[零〇二两三四五六七八九十百千万]点[零〇一二三四五六七八九]+"
    r"|(?<![零〇一二两三四五六七八九十百千万])一点[零〇一二三四五六七八九]+(?=[倍个百千万亿%％])|[¼-¾]",
    re.IGNORECASE,
)
