/** Share of one core this process has used since `start`, over so many seconds. */
export function ownCpuSince(start: NodeJS.CpuUsage, seconds: number): number {
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1e6 / seconds;
}
