import fc from 'fast-check'

// Properties look at the same examples in every run, so that a change is judged by what it changed. To look for new
// counterexamples: KMSFILE_SEED=random npm test, or a number to repeat a run.
const chosen = process.env['KMSFILE_SEED']
const seed = chosen === 'random' ? Math.trunc(Math.random() * 2 ** 31) : Number(chosen ?? 20_251_125)
fc.configureGlobal({ seed })
