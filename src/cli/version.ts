/** The version of the package; the build puts it in. */
export const VERSION: string = process.env.KMSFILE_VERSION ?? 'development'
