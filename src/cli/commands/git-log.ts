import { viewCommand } from '../git-view.ts'

export const gitLog = viewCommand('log', 'Commits, with -p what each changed')
