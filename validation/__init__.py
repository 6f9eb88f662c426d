"""Do the two ways agree, and are the papers right: metrics, exact answers, checks.

========================  ====================================================================================
`exact`                   closed forms and oracles; imports nothing of ours, so that it can contradict us
`metrics`, `rates`        distances between measures; slopes with error bars
`rows`                    the checklist: every claim of the papers that a computation can bear on
`verdict`, `registry`     what came of a check; `@check`, and carrying checks out
`checks`                  the checks, a file per section of a paper
`limit`                   particles against the PDE
`report`                  pages, tables and `docs/checklist.md`; ``python -m validation`` is the command line
========================  ====================================================================================

This page imports none of them: whoever wants only the exact answers gets nothing else.
"""
