// Uploads in parts: three at a time, tried again when the network fails, and gone on with after a
// reload, when the same file is chosen again. The service keeps the parts; the browser remembers
// which upload belongs to which file.

const PART_BYTES = 8 * 2 ** 20;
const MOST_PARTS = 10_000;
const AT_ONCE = 3;
const TRIES = 5;
const STORED = "imageferry.uploads";
const DAMAGED = "InvalidArgument"; // What a part is refused with whose bytes have another digest.

const box = document.querySelector("#upload");
const { address, prefix, token } = box.dataset;
const meanings = JSON.parse(box.dataset.meanings);
const list = box.querySelector("ul.files");
const running = new Set();

const parsed = (body) => new DOMParser().parseFromString(body, "application/xml");

class Refused extends Error {
  constructor(status, body) {
    // A parser's own document of what is no XML has styles, which the page's policy refuses.
    const found = parsed(body.startsWith("<?xml") ? body : "<Error/>");
    const code = found.querySelector("Code")?.textContent ?? String(status);
    const message = found.querySelector("Message")?.textContent ?? code;
    super(meanings[code] ? `${meanings[code]} (${code}: ${message})` : message);
    this.status = status;
    this.code = code;
  }
}

// fetch tells nothing of the bytes that are sent.
const send = (method, key, parameters, body, { headers = {}, onprogress, signal } = {}) =>
  new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(method, `${address}?${new URLSearchParams({ key, ...parameters })}`);
    for (const [name, value] of Object.entries({ "X-Form-Token": token, ...headers })) {
      request.setRequestHeader(name, value);
    }
    request.upload.onprogress = (event) => onprogress?.(event.loaded);
    request.onload = () =>
      request.status < 400 ? resolve(request) : reject(new Refused(request.status, request.responseText));
    request.onerror = () => reject(new Error(box.dataset.offline));
    request.onabort = () => reject(signal.reason);
    signal?.throwIfAborted();
    signal?.addEventListener("abort", () => request.abort(), { once: true });
    request.send(body);
  });

// Damage on the way is refused by the service, and the part is sent again: so each has its digest.
const digests = new Worker(box.dataset.digests);
const digested = new Map();
let digestNumber = 0;
digests.addEventListener("message", ({ data: { number, digest, error } }) => {
  const { resolve, reject } = digested.get(number);
  digested.delete(number);
  if (error) reject(new Error(error));
  else resolve(digest);
});
const crc64 = (bytes) => new Promise((resolve, reject) => {
  digestNumber += 1;
  digested.set(digestNumber, { resolve, reject });
  digests.postMessage({ number: digestNumber, bytes });
});

const xml = (request) => parsed(request.responseText);
const text = (element, name) => element.querySelector(name)?.textContent ?? "";
const wait = (milliseconds) => new Promise((done) => { setTimeout(done, milliseconds); });

const remembered = () => JSON.parse(localStorage.getItem(STORED) || "{}");
const remember = (place, upload) => {
  const all = remembered();
  if (upload) all[place] = upload;
  else delete all[place];
  localStorage.setItem(STORED, JSON.stringify(all));
};

class Upload {
  constructor(file) {
    this.file = file;
    this.key = prefix + file.name;
    this.place = `${address} ${this.key}`;
    this.replaces = false;
    this.row = box.querySelector("template").content.cloneNode(true).firstElementChild;
    this.row.querySelector(".file").textContent = file.name;
    this.row.addEventListener("click", (event) => this[event.target.dataset.do]?.());
    list.append(this.row);
    list.hidden = false;
    this.show(box.dataset.waiting);
  }

  show(state, { offers = "", bad = false } = {}) {
    this.row.classList.toggle("bad", bad);
    this.row.querySelector(".state").textContent = state;
    for (const button of this.row.querySelectorAll("button")) {
      button.hidden = button.dataset.do !== offers;
    }
  }

  stop() { this.stopping.abort(); }
  retry() { this.run(); }
  replace() {
    this.replaces = true;
    this.run();
  }

  async run() {
    this.stopping = new AbortController();
    this.sent = new Map();
    running.add(this);
    this.show(box.dataset.sending, { offers: "stop" });
    try {
      await this.upload();
      remember(this.place, null);
      this.show(box.dataset.done);
      document.body.dispatchEvent(new Event("uploaded"));
    } catch (error) {
      this.fail(error);
    } finally {
      running.delete(this);
    }
  }

  fail(error) {
    if (this.stopping.signal.aborted && !(error instanceof Refused)) {
      this.show(box.dataset.stopped, { offers: "retry" });
    } else if (error.code === "FileAlreadyExists") {
      this.show(box.dataset.exists, { offers: "replace", bad: true });
    } else {
      const reason = error.status === 401 ? box.dataset.session : error.message;
      this.stopping.abort();
      this.show(box.dataset.failed.replace("%s", () => reason), { offers: "retry", bad: true });
    }
  }

  async upload() {
    const begun = await this.resumed() ?? await this.begun();
    const parts = new Map(begun.parts);
    const numbers = [...Array(Math.max(1, Math.ceil(this.file.size / begun.partBytes))).keys()];
    const left = numbers.map((index) => index + 1).filter((number) => !parts.has(number));
    const slice = (number) => this.file.slice((number - 1) * begun.partBytes, number * begun.partBytes);
    for (const number of parts.keys()) this.progress(number, slice(number).size);
    if (parts.size) this.show(box.dataset.resumed, { offers: "stop" });
    const worker = async () => {
      for (let number = left.shift(); number; number = left.shift()) {
        parts.set(number, await this.part(begun.id, number, slice(number)));
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    await this.complete(begun.id, parts);
  }

  // What the service still has of this very file.
  async resumed() {
    const known = remembered()[this.place];
    const { size, lastModified } = this.file;
    if (!known || known.size !== size || known.lastModified !== lastModified) return null;
    const parts = new Map();
    try {
      for (let marker = "0", more = true; more;) {
        const parameters = { uploadId: known.id, "part-number-marker": marker };
        const found = xml(await send("GET", this.key, parameters, null));
        for (const part of found.querySelectorAll("Part")) {
          const number = Number(text(part, "PartNumber"));
          const whole = Math.min(known.partBytes, size - (number - 1) * known.partBytes);
          if (Number(text(part, "Size")) === whole) parts.set(number, text(part, "ETag"));
        }
        more = text(found, "IsTruncated") === "true";
        marker = text(found, "NextPartNumberMarker");
      }
    } catch (error) {
      if (error.code !== "NoSuchUpload") throw error;
      return null;
    }
    return { ...known, parts };
  }

  async begun() {
    const { size, lastModified, type } = this.file;
    const mebibytes = Math.ceil(size / MOST_PARTS / 2 ** 20);
    const partBytes = Math.max(PART_BYTES, mebibytes * 2 ** 20);
    const headers = { "Content-Type": type || "application/octet-stream", ...this.#overwrite() };
    const id = text(xml(await send("POST", this.key, { uploads: "" }, null, { headers })), "UploadId");
    remember(this.place, { id, size, lastModified, partBytes });
    return { id, partBytes, parts: [] };
  }

  async part(uploadId, partNumber, bytes) {
    const { signal } = this.stopping;
    const onprogress = (sent) => this.progress(partNumber, sent);
    const headers = { "X-OSS-Hash-CRC64ECMA": await crc64(bytes) };
    for (let tried = 1; ; tried += 1) {
      try {
        const reply = await send("PUT", this.key, { uploadId, partNumber }, bytes, { headers, onprogress, signal });
        this.progress(partNumber, bytes.size);
        return reply.getResponseHeader("ETag");
      } catch (error) {
        const isFinal = error instanceof Refused && error.status < 500 && error.code !== DAMAGED;
        if (signal.aborted || isFinal || tried === TRIES) throw error;
        await wait(2 ** tried * 250);
      }
    }
  }

  progress(number, sent) {
    this.sent.set(number, sent);
    const done = [...this.sent.values()].reduce((sum, bytes) => sum + bytes, 0);
    this.row.querySelector("progress").value = done / Math.max(1, this.file.size);
    if (!this.stopping.signal.aborted) {
      const percent = Math.floor(done * 100 / Math.max(1, this.file.size));
      this.row.querySelector("progress").textContent = `${percent}%`;
    }
  }

  async complete(uploadId, parts) {
    const document = window.document.implementation.createDocument(null, "CompleteMultipartUpload");
    const add = (parent, name, content = "") => {
      const element = parent.appendChild(document.createElement(name));
      element.textContent = content;
      return element;
    };
    for (const [number, etag] of [...parts].sort(([one], [other]) => one - other)) {
      const part = add(document.documentElement, "Part");
      add(part, "PartNumber", number);
      add(part, "ETag", etag);
    }
    const body = new XMLSerializer().serializeToString(document);
    await send("POST", this.key, { uploadId }, body, { headers: this.#overwrite() });
  }

  #overwrite() { return { "X-OSS-Forbid-Overwrite": String(!this.replaces) }; }
}

// One file after the other: a browser has but six connections to a host.
let line = Promise.resolve();
const take = (files) => {
  for (const upload of Array.from(files, (file) => new Upload(file))) {
    line = line.then(() => upload.run());
  }
};

box.querySelector("input[type=file]").addEventListener("change", (event) => {
  take(event.target.files);
  event.target.value = "";
});
for (const name of ["dragenter", "dragover", "dragleave", "drop"]) {
  document.addEventListener(name, (event) => {
    event.preventDefault();
    box.classList.toggle("over", name.startsWith("dragenter") || name === "dragover");
    if (name === "drop") take(event.dataTransfer.files);
  });
}
addEventListener("beforeunload", (event) => { if (running.size) event.preventDefault(); });
