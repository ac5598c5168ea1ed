import { viewCommand } from '../git-view.ts'

export const gitShow = viewCommand('show', 'One commit and what it changed')
