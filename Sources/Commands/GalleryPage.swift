internal import Encoding
internal import Predictions

/// The page of `imagewire gallery`: one HTML file that loads nothing from the network. Pure.
enum GalleryPage {
  /// A saved output on the page.
  enum Picture {
    /// Included in the page.
    case included(OutputFile, [UInt8])
    /// Linked by the path of its file: it is too large for the page, or was changed after it was saved.
    case linked(OutputFile)
  }

  /// Nothing is fetched, and only the script of the page, which the hash names, may run.
  private static let policy: HTML = """
    default-src 'none'; img-src data: file:; media-src file:; style-src 'unsafe-inline'; base-uri 'none'; \
    script-src 'sha256-\(base64: SHA256.hash(Array(script.text.utf8)))'
    """

  /// The first bytes of every page. A file that begins with them may be replaced by a newer page.
  static let mark: HTML = "<!doctype html>\n<!-- imagewire gallery -->\n"

  static func head(count: Int) -> HTML {
    """
    \(mark)\
    <html lang="en">
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width">
    <meta name="color-scheme" content="light dark">
    <meta http-equiv="Content-Security-Policy" content="\(policy)">
    <title>imagewire gallery</title>
    <style>\(style)</style>
    <header>
    <h1>imagewire</h1>
    <input id="text" type="search" placeholder="Filter by prompt, model or tag  ( / )" aria-label="Filter" autofocus>
    <select id="status" aria-label="Status"><option value="">every status</option>\
    \(HTML.joined(PredictionStatus.allCases.map { "<option>\($0.rawValue)</option>" }))</select>
    <output id="count">\(count)</output>
    </header>
    <main id="entries">

    """
  }

  static func entry(_ prediction: Prediction, _ pictures: [Picture]) -> HTML {
    let prompt = prediction.prompt ?? ""
    var facts: [HTML] = ["<dt>model<dd>\(prediction.model)", "<dt>provider<dd>\(prediction.provider)"]
    if let micros = prediction.costMicros { facts.append("<dt>cost<dd>\(Money.dollars(micros))") }
    facts.append("<dt>billing<dd>\(prediction.billing.rawValue)")
    if let total = prediction.totalMilliseconds { facts.append("<dt>took<dd>\(ProgressBar.seconds(total))") }
    let time = Timestamp.text(prediction.createdAt)
    let spoken = time.prefix(16).split(separator: "T").joined(separator: " ")
    facts.append("<dt>made<dd><time datetime=\"\(time)\">\(spoken) UTC</time>")
    if !prediction.tags.isEmpty {
      facts.append("<dt>tags<dd>\(HTML.joined(prediction.tags.map { "<b>\($0)</b>" }, separator: " "))")
    }
    facts.append("<dt>id<dd><code>\(prediction.id)</code>")
    let words = ([prompt, prediction.model] + prediction.tags).joined(separator: " ").lowercased()
    let images = pictures.map { output($0, prompt: prompt) }
    let error: HTML = prediction.error.isEmpty ? "" : "<p class=\"error\">\(prediction.error)</p>"
    let none: HTML = "<div class=\"none\">\(prediction.status.rawValue)</div>"
    return """
      <article tabindex="0" data-status="\(prediction.status.rawValue)" data-words="\(words)">
      \(images.isEmpty ? none : HTML.joined(images))
      <h2>\(prompt)</h2>\(error)
      <dl>\(HTML.joined(facts))</dl>
      </article>

      """
  }

  static let foot: HTML = """
    </main>
    <p id="nothing" hidden>Nothing matches.</p>
    <dialog id="large" aria-label="Picture"><img alt=""><p></p></dialog>
    <footer>/ filter · arrows move · Enter enlarges · Esc closes</footer>
    <script>\(script)</script>
    </html>

    """

  /// An SVG as the source of an image runs no script.
  private static func output(_ picture: Picture, prompt: String) -> HTML {
    let file: OutputFile
    let source: HTML
    switch picture {
    case .included(let included, let bytes):
      file = included
      source = "data:\(included.mediaType);base64,\(base64: bytes)"
    case .linked(let linked):
      file = linked
      source = "\(SafeText(path: linked.url))"
    }
    let width: HTML = file.width.map { " width=\"\($0)\"" } ?? ""
    let height: HTML = file.height.map { " height=\"\($0)\"" } ?? ""
    let title = SafeText(path: file.path)
    switch file.kind {
    case .image, .vector:
      return "<img loading=\"lazy\" alt=\"\(prompt)\" title=\"\(title)\"\(width)\(height) src=\"\(source)\">"
    case .video:
      return "<video controls preload=\"metadata\" title=\"\(title)\" src=\"\(source)\"></video>"
    case .audio:
      return "<audio controls preload=\"metadata\" title=\"\(title)\" src=\"\(source)\"></audio>"
    case .model, .archive, .text, .json, .other:
      return
        "<a class=\"file\" title=\"\(title)\" href=\"\(source)\">\(file.kind.rawValue): \(SafeText(path: file.name))</a>"
    }
  }

  private static let style: HTML = """
    :root{--back:#f6f5f2;--card:#fff;--ink:#1d1c1a;--soft:#6b6862;--line:#dedbd4;--mark:#b4541a}
    @media(prefers-color-scheme:dark){:root{--back:#161514;--card:#211f1d;--ink:#ece9e4;--soft:#9d988f;--line:#37342f;--mark:#f0935a}}
    *{box-sizing:border-box}
    body{margin:0;background:var(--back);color:var(--ink);font:15px/1.45 system-ui,sans-serif}
    header{position:sticky;top:0;z-index:1;display:flex;gap:12px;align-items:center;padding:12px 20px;background:var(--back);border-bottom:1px solid var(--line)}
    h1{font-size:17px;margin:0 8px 0 0}
    input,select{font:inherit;color:inherit;background:var(--card);border:1px solid var(--line);border-radius:8px;padding:7px 10px}
    input{flex:1;min-width:0;max-width:520px}
    output{color:var(--soft);white-space:nowrap}
    main{display:grid;grid-template-columns:repeat(auto-fill,minmax(260px,1fr));gap:18px;padding:20px}
    article{background:var(--card);border:1px solid var(--line);border-radius:12px;overflow:hidden;display:flex;flex-direction:column;outline-offset:2px}
    article:focus-visible{outline:2px solid var(--mark)}
    article img{width:100%;height:auto;aspect-ratio:1;object-fit:cover;display:block;cursor:zoom-in;background:var(--line)}
    article img+img{border-top:1px solid var(--line)}
    article video,article audio{width:100%;display:block;background:var(--line)}
    .file{display:block;padding:24px 14px;color:var(--mark);background:var(--back);overflow-wrap:anywhere}
    .none{aspect-ratio:1;display:grid;place-items:center;color:var(--soft);background:var(--back);font-size:20px}
    h2{font-size:15px;font-weight:600;margin:12px 14px 4px;overflow-wrap:anywhere;display:-webkit-box;-webkit-line-clamp:4;-webkit-box-orient:vertical;overflow:hidden}
    .error{margin:0 14px;color:var(--mark);font-size:13px}
    dl{margin:6px 14px 14px;display:grid;grid-template-columns:auto 1fr;gap:1px 10px;font-size:13px}
    dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
    code{font:11px ui-monospace,monospace}
    dd b{font-weight:500;background:var(--back);border:1px solid var(--line);border-radius:6px;padding:0 5px}
    footer,#nothing{color:var(--soft);text-align:center;padding:10px 20px 24px}
    [hidden]{display:none!important}
    dialog{border:0;padding:0;background:transparent;color:#fff;max-width:96vw;max-height:96vh;text-align:center}
    dialog::backdrop{background:#000d}
    dialog img{max-width:96vw;max-height:86vh;display:block;margin:auto;cursor:zoom-out}
    dialog p{margin:8px auto 0;max-width:80ch}
    """

  private static let script: HTML = """
    const $=id=>document.getElementById(id),all=[...document.querySelectorAll("article")];
    const shown=()=>all.filter(a=>!a.hidden);
    const filter=()=>{
      const words=$("text").value.toLowerCase().split(/\\s+/).filter(Boolean),status=$("status").value;
      for(const a of all)a.hidden=!(words.every(w=>a.dataset.words.includes(w))&&(!status||a.dataset.status===status));
      const count=shown().length;
      const noun=all.length===1?" prediction":" predictions";
      $("count").value=count===all.length?count+noun:count+" of "+all.length;
      $("nothing").hidden=count>0;
    };
    const enlarge=(article,image=article.querySelector("img"))=>{
      if(!image)return;
      const large=$("large");
      large.querySelector("img").src=image.src;
      large.querySelector("img").alt=image.alt;
      large.querySelector("p").textContent=image.alt;
      if(!large.open)large.showModal();
    };
    $("text").oninput=$("status").onchange=filter;
    $("large").onclick=()=>$("large").close();
    $("entries").onclick=e=>{if(e.target.tagName==="IMG")enlarge(e.target.closest("article"),e.target)};
    addEventListener("keydown",e=>{
      if(e.ctrlKey||e.metaKey||e.altKey||e.target.closest("a,video,audio"))return;
      const inField=e.target===$("text")||e.target===$("status"),list=shown(),large=$("large");
      if(e.key==="/"&&!inField){e.preventDefault();large.close();$("text").focus();$("text").select();return}
      if(inField){if(e.key==="ArrowDown"&&e.target===$("text")&&list[0]){e.preventDefault();list[0].focus()}return}
      let at=list.indexOf(document.activeElement.closest("article")||window.last);
      const columns=list.length>1?list.filter(a=>a.offsetTop===list[0].offsetTop).length:1;
      const step={ArrowRight:1,ArrowLeft:-1,ArrowDown:columns,ArrowUp:-columns}[e.key];
      if(step!==undefined&&list.length){
        e.preventDefault();
        at=at<0?0:Math.max(0,Math.min(list.length-1,at+step));
        window.last=list[at];
        if(large.open)enlarge(list[at]);else list[at].focus();
      }else if(e.key==="Enter"&&at>=0&&!large.open)enlarge(window.last=list[at]);
    });
    filter();
    """
}
