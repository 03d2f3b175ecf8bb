// plotly.js: one for all timelines of a page. It comes over the wire when somebody asks, gzipped.

const page = (globalThis.__notebook_gen_timeline ??= { plotly: null, isLoading: false, waiting: [], error: null });

async function load(buffer) {
  if (page.plotly || page.isLoading) return;
  page.isLoading = true;
  const before = globalThis.Plotly;
  try {
    const code = await new Response(new Blob([buffer]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
    // the bundle finds this `module` first, and so neither the page's `define` nor its `require`
    const source = `const module = { exports: {} };\n${code}\nexport default module.exports;`;
    const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    page.plotly = (await import(url)).default;
    page.error = null;
    URL.revokeObjectURL(url);
  } catch (error) {
    page.error = String(error);
  } finally {
    page.isLoading = false;
    globalThis.Plotly = before; // others on the page may have one of their own
    for (const go of page.waiting.splice(0)) go();
  }
}

function ask(model) {
  if (page.error) model.send({ plotly: "failed" });
  else model.send({ plotly: page.plotly || page.isLoading ? "there" : "needed" });
}
