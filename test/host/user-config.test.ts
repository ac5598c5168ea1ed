import { expect, test } from 'vitest'
import { shortPath, userConfigDirs } from '../../src/host/user-config.ts'

test.each([
  ['linux', {}, ['/home/ana/.config']],
  ['linux', { XDG_CONFIG_HOME: '/xdg' }, ['/xdg']],
  ['linux', { XDG_CONFIG_HOME: 'relative' }, ['/home/ana/.config']],
  ['linux', { XDG_CONFIG_HOME: '' }, ['/home/ana/.config']],
  ['darwin', {}, ['/home/ana/Library/Application Support']],
  ['darwin', { XDG_CONFIG_HOME: '/xdg' }, ['/xdg', '/home/ana/Library/Application Support']],
  ['win32', { APPDATA: 'C:\\Users\\ana\\Data' }, ['C:\\Users\\ana\\Data']],
])('a user configures programs on %s with %j in %j', (platform, env, dirs) => {
  expect(userConfigDirs({ platform, env, homeDir: '/home/ana' })).toEqual(dirs)
})

test.each([
  ['/home/ana/x', '~/x'],
  ['/home/anabel/x', '/home/anabel/x'],
  ['/etc/x', '/etc/x'],
])('%s is written %s', (path, short) => {
  expect(shortPath(path, { homeDir: '/home/ana' })).toBe(short)
})
