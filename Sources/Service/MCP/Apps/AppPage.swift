/// The pages of MCP Apps: one document for both, which loads nothing from the network. It is the same for every image: what is
/// shown comes later, through the host, and only as text and as sources of images.
enum AppPage {
  /// The document of a page.
  static func html(of view: MCPApps.View) -> String {
    """
    <!doctype html>
    <html lang="en" data-view="\(view.rawValue)">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width,initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>imagewire</title>
    <style>\(AppStyle.text)</style>
    </head>
    <body>
    \(body)
    <script>
    "use strict";
    \(AppScript.host)
    \(AppScript.picture)
    \(AppScript.image)
    \(AppScript.gallery)
    </script>
    </body>
    </html>

    """
  }

  /// No form: a frame may not send one.
  private static let body = #"""
    <div id="page">
    <section id="all" aria-labelledby="title" hidden>
    <h1 id="title" tabindex="-1">Images</h1>
    <ul id="cards"></ul>
    <p id="empty" hidden>No images yet.</p>
    <nav id="pages" aria-label="Pages" hidden>
    <button type="button" id="newer">Newer</button><button type="button" id="older">Older</button>
    </nav>
    </section>
    <section id="one" aria-label="Image">
    <nav id="way" hidden><button type="button" id="back">‹ Back</button></nav>
    <p id="label" class="label" hidden></p>
    <div id="stage">
    <button type="button" id="picture" hidden><img id="large" alt=""></button>
    <p id="blank"><span class="spin" aria-hidden="true"></span><span id="doing">Waiting for the image</span></p>
    </div>
    <div id="files" role="group" aria-label="Files" hidden></div>
    <p id="prompt" dir="auto" hidden></p>
    <p id="facts" hidden></p>
    <p id="place" hidden><code id="path" dir="ltr"></code><button type="button" id="copy" class="small">Copy path</button></p>
    <div id="actions" role="group" aria-label="Actions" hidden>
    <button type="button" id="vary">Vary</button>
    <button type="button" id="edit" aria-expanded="false" aria-controls="editor">Edit…</button>
    <button type="button" id="upscale" aria-expanded="false" aria-controls="enlarger">Upscale…</button>
    <button type="button" id="cancel">Cancel</button>
    <button type="button" id="wide">Full screen</button>
    </div>
    <div id="editor" class="panel" hidden>
    <label for="words">What to change</label>
    <textarea id="words" rows="2" dir="auto"></textarea>
    <div class="send"><button type="button" id="make-edit" class="main">Make the edit</button><span id="price" class="hint"></span></div>
    </div>
    <div id="enlarger" class="panel" hidden>
    <label for="models">Model</label>
    <select id="models"></select>
    <div class="send"><button type="button" id="make-larger" class="main">Upscale</button><span id="purpose" class="hint" dir="auto"></span></div>
    </div>
    </section>
    <p id="note" role="status"></p>
    <p id="error" role="alert" dir="auto" hidden></p>
    </div>
    """#
}
