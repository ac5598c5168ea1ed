import { viewCommand } from '../git-view.ts'

export const gitDiff = viewCommand('diff', 'What changed since a version or between two')
