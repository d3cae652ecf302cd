"""The LaTeX that a paper may be written in, as lists: what every way of typesetting here understands.

Data only. Nothing in it reads or writes a file, runs a program, changes how the source is read, or defines a command.
"""

from __future__ import annotations


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


PACKAGES = _names(
    "amsmath amssymb amsfonts bm booktabs caption ctex enumitem fontenc geometry graphicx hyperref inputenc lmodern"
    " mathtools microtype natbib times url xcolor xeCJK"
)

PREAMBLE = frozenset({"documentclass", "usepackage", "title", "author", "date"})

IN_TEXT = _names(
    "textbf textit emph texttt textsc textrm textsf underline footnote caption label ref eqref cite citep citet"
    " section subsection subsubsection paragraph item includegraphics centering toprule midrule bottomrule hline"
    " multicolumn url href tiny scriptsize footnotesize small normalsize large ldots dots textbackslash LaTeX TeX quad"
    " qquad linewidth textwidth columnwidth noindent smallskip medskip bigskip par newline vspace hspace maketitle"
    " bibliography bibliographystyle result verdict given begin end textquotedblleft textquotedblright textendash"
    " textemdash S P and clearpage newpage raggedright textsuperscript"
    " textsubscript textasciitilde textasciicircum textbar textless textgreater i j l L o O ss ae AE oe OE aa AA"
)

ACCENTS = frozenset("'`^\"~=.cvuHkdbtr")
"""Accents; those that are letters stand before a brace (`\\c{c}`)."""

SIGNS = frozenset("%&_#${},;:!/- \\@()[]|\n")
"""What may follow a backslash in text and in math, besides names and accents."""

IN_MATH = _names(
    "alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi pi varpi rho varrho"
    " sigma varsigma tau upsilon phi varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega"
    " ell hbar Re Im partial nabla infty emptyset varnothing forall exists neg top bot angle prime"
    " sum prod coprod int iint oint bigcup bigcap bigoplus bigotimes bigvee bigwedge lim limsup liminf sup inf max min"
    " arg det dim exp log ln lg sin cos tan sinh cosh tanh arcsin arccos arctan gcd ker Pr mod bmod pmod"
    " le leq ge geq ne neq ll gg approx equiv sim simeq cong propto in notin ni subset subseteq supset supseteq"
    " subsetneq prec succ preceq succeq perp parallel mid nmid models vdash asymp doteq triangleq"
    " pm mp times div cdot ast star circ bullet oplus ominus otimes odot cap cup vee wedge land lor setminus"
    " to gets rightarrow leftarrow leftrightarrow Rightarrow Leftarrow Leftrightarrow mapsto longrightarrow"
    " longleftarrow Longrightarrow uparrow downarrow implies iff hookrightarrow"
    " frac dfrac tfrac binom sqrt overline underline hat widehat tilde widetilde bar vec dot ddot overbrace underbrace"
    " overset underset stackrel left right big Big bigg Bigg bigl bigr Bigl Bigr biggl biggr middle"
    " langle rangle lfloor rfloor lceil rceil lvert rvert lVert rVert vert Vert lbrace rbrace"
    " mathbf mathrm mathit mathsf mathtt mathcal mathbb mathfrak boldsymbol text textbf textit textrm"
    " operatorname cdots ldots dots vdots ddots quad qquad limits nolimits displaystyle textstyle nonumber notag label"
    " begin end result given dagger ddagger not substack colon intercal top hline"
)

ENVIRONMENTS = _names(
    "document abstract figure figure* table table* tabular itemize enumerate description quote center"
)

MATH_ENVIRONMENTS = _names("equation equation* align align* gather gather* math displaymath")

WITHIN_MATH = _names("aligned split cases matrix pmatrix bmatrix vmatrix array gathered")

FILES = {
    "bibliography": frozenset({"references"}),
    "bibliographystyle": _names(
        "unsrtnat plainnat abbrvnat unsrt plain abbrv alpha ieeetr siam acm apalike IEEEtran IEEEtranN"
    ),
}
"""What a command that names a file may name."""

FORBIDDEN = _names(
    "input include includeonly write openout openin closeout closein read immediate special catcode def edef gdef xdef"
    " let futurelet newcommand renewcommand providecommand DeclareMathOperator newenvironment renewenvironment csname"
    " endcsname expandafter usepackage RequirePackage documentclass verbatiminput lstinputlisting includepdf"
    " InputIfFileExists IfFileExists directlua luaexec ShellEscape scantokens detokenize everypar everyjob loop repeat"
    " newwrite newread newif pdffiledump pdfshellescape makeatletter makeatother AtBeginDocument AtEndDocument"
    " addtocontents write18 jobname fontspec font batchmode count dimen toks advance global long outer afterassignment"
    " aftergroup uppercase lowercase message errmessage show showthe meaning string number romannumeral the char"
    " mathchardef chardef newcounter setcounter addtocounter"
)
"""Refused by name with its reason; whatever else is not listed above is refused as unknown."""

HINTS: dict[str, str] = {
    "cref": r": write Figure~\ref{…}",
    "Cref": r": write Figure~\ref{…}",
    "autoref": r": write Figure~\ref{…}",
    "cmidrule": r": use \midrule",
    "multirow": ": give each row its own cell",
    "textcolor": ": a paper is black",
    "citeauthor": r": use \citet{…}",
    "argmax": r": write \operatorname{argmax}",
    "argmin": r": write \operatorname{argmin}",
    "bm": r": write \boldsymbol{…}",
    "ensuremath": ": write $…$",
    "pm": r": write $\pm$",
    "times": r": write $\times$",
    "lt": ": write <",
    "gt": ": write >",
    "appendix": ": put it into a section",
    "num": r": use \result{…} or \given{…}",
    "SI": r": use \result{…} or \given{…}",
    "subfloat": ": give each figure its own environment",
}
