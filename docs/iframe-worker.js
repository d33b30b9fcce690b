"use strict";
// Search in these pages runs in a worker, which browsers do not start for pages that
// are read from the disk. There it runs in a hidden frame, behind the same interface.
if (location.protocol === "file:") {
  window.IFrameWorker = class extends EventTarget {
    constructor(url) {
      super();
      this.frame = document.createElement("iframe");
      this.frame.hidden = true;
      document.body.append(this.frame);
      const inside = this.frame.contentDocument;
      inside.open();
      inside.write("<body></body>");
      inside.close();
      const scope = this.frame.contentWindow;
      const load = (script) => new Promise((done, failed) => {
        const part = inside.createElement("script");
        Object.assign(part, { src: script, onload: done, onerror: failed });
        inside.body.append(part);
      });
      scope.postMessage = (data) =>
        this.dispatchEvent(new MessageEvent("message", { data }));
      scope.importScripts = async (...scripts) => {
        for (const script of scripts) await load(script);
      };
      this.ready = load(new URL(url, location.href).href);
    }

    async postMessage(data) {
      await this.ready;
      this.frame.contentWindow.dispatchEvent(
        new MessageEvent("message", { data }));
    }

    terminate() {
      this.frame.remove();
    }
  };
  window.Worker = window.IFrameWorker;
}
