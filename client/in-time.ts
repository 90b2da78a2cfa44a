/**
 * What `work` comes to, or an error where that takes too long; what it comes to later is nobody's.
 * @param ms milliseconds it may take
 * @param late what the error says
 */
export async function inTime<T>(
  work: T | Promise<T>,
  ms: number,
  late: string,
): Promise<Awaited<T>> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const end = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(late)), ms);
  });
  try {
    return await Promise.race([work, end]);
  } finally {
    clearTimeout(timer);
  }
}
