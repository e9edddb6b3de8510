// What the operating system says of a workerd: who it is, how much processor and memory it has used. Linux only.

import { readdirSync, readFileSync } from "node:fs";

/** Clock ticks a second in /proc; Linux shows all of user space this one. */
const TICKS = 100;

/** The process ids of every workerd that this process has started; none where there is no /proc. */
export function workerds(): number[] {
  if (process.platform !== "linux") return [];
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 0)
    .filter((pid) => {
      const stat = read(pid, "stat");
      const [, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return Number(parent) === process.pid && stat.includes("(workerd");
    });
}

/** Processor time that it has used, in ms, to a hundredth of a second. */
export function cpuMs(pid: number): number {
  const stat = read(pid, "stat");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS;
}

/** Memory that it holds now and the most that it ever held, in bytes. */
export function memoryOf(pid: number): { now: number; peak: number } {
  const status = read(pid, "status");
  const field = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) * 1024;
  return { now: field("VmRSS"), peak: field("VmHWM") };
}

function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return ""; // it has ended meanwhile
  }
}
