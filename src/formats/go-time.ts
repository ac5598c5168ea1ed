// What yaml.v3's layouts let through Go's time.Parse: fields of one or two digits, a comma for the period, any number of
// fraction digits. Either a date alone; or with T, a time and a zone; or with spaces and a time, which then is in UTC.
const DATE = /^(\d{4})-(\d\d?)-(\d\d?)/
const TIME = /^(?:([Tt])| +)(\d\d?):(\d\d?):(\d\d?)(?:[.,](\d+))?(Z|[-+]\d\d:\d\d)?$/

const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/**
 * Reads a timestamp as go-yaml does and prints it as Go does: RFC 3339 with as many fraction digits as it needs, up to
 * nine, in the zone that it was written in.
 *
 * Undefined for anything else, and for the zone offsets of 24 hours that Go reads but refuses to print.
 */
export function formatGoTime(source: string): string | undefined {
  const date = DATE.exec(source)
  if (date === null) return undefined
  const [matched, year = '', month = '', day = ''] = date
  if (!isDay(Number(year), Number(month), Number(day))) return undefined
  const head = `${year}-${pad(month)}-${pad(day)}T`
  const rest = source.slice(matched.length)
  if (rest === '') return `${head}00:00:00Z`

  const time = TIME.exec(rest)
  if (time === null) return undefined
  const [, letter, hour = '', minute = '', second = '', fraction = '', zone] = time
  if ((letter === undefined) !== (zone === undefined)) return undefined
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined
  const offset = zone === undefined ? 'Z' : formatZone(zone)
  if (offset === undefined) return undefined
  return `${head}${pad(hour)}:${pad(minute)}:${pad(second)}${formatFraction(fraction)}${offset}`
}

function isDay(year: number, month: number, day: number): boolean {
  const leap = month === 2 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  return day >= 1 && day <= (DAYS[month - 1] ?? 0) + (leap ? 1 : 0)
}

/** Nanoseconds without zeros at the end; Go cuts further digits off. */
function formatFraction(digits: string): string {
  const kept = digits.slice(0, 9).replace(/0+$/, '')
  return kept === '' ? '' : `.${kept}`
}

function formatZone(zone: string): string | undefined {
  if (zone === 'Z') return zone
  const hours = Number(zone.slice(1, 3))
  const minutes = Number(zone.slice(4))
  // Go lets 60 minutes pass, "as some people do write" them.
  if (minutes > 60) return undefined
  const total = hours * 60 + minutes
  if (total === 0) return 'Z'
  if (total >= 24 * 60) return undefined
  return `${zone.charAt(0)}${pad(Math.floor(total / 60))}:${pad(total % 60)}`
}

function pad(field: string | number): string {
  return String(field).padStart(2, '0')
}
