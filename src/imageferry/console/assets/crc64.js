// The CRC-64 of a part of a file (ECMA-182, reflected, as OSS has it), beside the page: a part is
// some megabytes. Numbers of 64 bits are pairs of 32 bits; eight bytes are taken at a time.

const POLYNOMIAL = 0xc96c5795d7870f42n;
const STEP = 8;

const low = Array.from({ length: STEP }, () => new Int32Array(256));
const high = Array.from({ length: STEP }, () => new Int32Array(256));

for (let byte = 0; byte < 256; byte += 1) {
  let value = BigInt(byte);
  for (let bit = 0; bit < 8; bit += 1) value = (value >> 1n) ^ (value & 1n ? POLYNOMIAL : 0n);
  low[0][byte] = Number(BigInt.asIntN(32, value));
  high[0][byte] = Number(BigInt.asIntN(32, value >> 32n));
}
for (let table = 1; table < STEP; table += 1) {
  for (let byte = 0; byte < 256; byte += 1) {
    const [l, h] = [low[table - 1][byte], high[table - 1][byte]];
    low[table][byte] = ((l >>> 8) | (h << 24)) ^ low[0][l & 255];
    high[table][byte] = (h >>> 8) ^ high[0][l & 255];
  }
}

const crc64 = (buffer) => {
  const view = new DataView(buffer);
  let [l, h, at] = [-1, -1, 0];
  for (; at + STEP <= view.byteLength; at += STEP) {
    const a = l ^ view.getInt32(at, true);
    const b = h ^ view.getInt32(at + 4, true);
    const of = (tables) =>
      tables[7][a & 255] ^ tables[6][(a >>> 8) & 255] ^ tables[5][(a >>> 16) & 255] ^ tables[4][a >>> 24]
      ^ tables[3][b & 255] ^ tables[2][(b >>> 8) & 255] ^ tables[1][(b >>> 16) & 255] ^ tables[0][b >>> 24];
    l = of(low);
    h = of(high);
  }
  for (; at < view.byteLength; at += 1) {
    const index = (l ^ view.getUint8(at)) & 255;
    l = ((l >>> 8) | (h << 24)) ^ low[0][index];
    h = (h >>> 8) ^ high[0][index];
  }
  return ((BigInt(~h >>> 0) << 32n) | BigInt(~l >>> 0)).toString();
};

addEventListener("message", async ({ data: { number, bytes } }) => {
  try {
    postMessage({ number, digest: crc64(await bytes.arrayBuffer()) });
  } catch (error) {
    postMessage({ number, error: error.message });
  }
});
