// biome-ignore lint/style/noDefaultExport: jest takes no other
export default async function stopTestMongo(): Promise<void> {
  await globalThis.testMongo?.close();
}
