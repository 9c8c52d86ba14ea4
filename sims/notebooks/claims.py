"""Claims, one by one: statement, formula, measurement and control. marimo run sims/notebooks/claims.py"""

import marimo

app = marimo.App(width="medium", app_title="Claims, one by one")


@app.cell
def _():
    import marimo as mo

    from rivervalley import claims
    from rivervalley.claims import html, links

    return claims, html, links, mo


@app.cell
def _(mo):
    mo.md(
        """
        # Claims, one by one

        Choose a statement of a paper. It is measured when chosen, and so is its control, in which the premise is broken and which must
        fail. Another seed is another sample: a true statement passes for any.
        """
    )
    return


@app.cell
def _(claims, mo):
    choice = mo.ui.dropdown(
        {f"{claim.id}: {claim.statement[:90]}": claim.id for claim in claims.list()},
        value=next(f"{claim.id}: {claim.statement[:90]}" for claim in claims.list() if claim.id == "AL-18"),
        label="claim",
        full_width=True,
    )
    seed = mo.ui.number(0, 1_000_000, value=0, label="seed")
    mo.vstack([choice, seed])
    return choice, seed


@app.cell
def _(choice, claims, seed):
    verdict = claims.check(choice.value, seed=int(seed.value), quick=True, control=True)
    return (verdict,)


@app.cell
def _(html, links, mo, verdict):
    places = {"theory": f"{links.REPOSITORY}/{verdict.section}"}
    mo.vstack(
        [
            mo.md(f"## {verdict.id}: {verdict.outcome}; {html.AGREES[verdict.passed]}"),
            mo.Html(html.claim_body(verdict, places)),
        ]
    )
    return


if __name__ == "__main__":
    app.run()
