/// The style of the pages of MCP Apps: the host's colours, fonts and corners where it gives them (the names are the
/// specification's), otherwise those of `imagewire gallery`.
enum AppStyle {
  static let text = #"""
    :root{--d-back:#fff;--d-soft:#f6f5f2;--d-ink:#1d1c1a;--d-faint:#66635d;--d-line:#dedbd4;--d-mark:#b4541a;--d-bad:#a3261b;--d-bad-back:#fdecea;--d-label:#fff4d6;--d-label-ink:#6b4a00;color-scheme:light}
    :root[data-theme=dark]{--d-back:#1d1b1a;--d-soft:#282624;--d-ink:#ece9e4;--d-faint:#a8a399;--d-line:#3d3a35;--d-mark:#f0935a;--d-bad:#ff9d92;--d-bad-back:#3a1d1a;--d-label:#3b3216;--d-label-ink:#f3d98b;color-scheme:dark}
    :root{--back:var(--color-background-primary,var(--d-back));--soft:var(--color-background-secondary,var(--d-soft));--ink:var(--color-text-primary,var(--d-ink));--faint:var(--color-text-secondary,var(--d-faint));--line:var(--color-border-primary,var(--d-line));--mark:var(--color-ring-primary,var(--d-mark));--round:var(--border-radius-md,8px)}
    *{box-sizing:border-box}
    [hidden]{display:none!important}
    /* A bar that comes and goes with the height would change the width, and so the height. */
    :root{scrollbar-width:none}
    :root[data-height=bounded]{scrollbar-width:auto;scrollbar-gutter:stable}
    body{margin:0;background:var(--back);color:var(--ink);font:var(--font-text-md-size,15px)/1.45 var(--font-sans,system-ui,sans-serif);overflow-wrap:anywhere}
    #page{padding:14px;display:flow-root}
    h1{font-size:var(--font-heading-sm-size,17px);margin:0 0 12px}
    h1:focus{outline:none}
    p{margin:0}
    button,select,textarea{font:inherit;color:inherit;background:var(--soft);border:1px solid var(--line);border-radius:var(--round);padding:6px 12px;min-height:34px}
    button{cursor:pointer}
    button:hover{border-color:var(--faint)}
    :focus-visible{outline:2px solid var(--mark);outline-offset:2px}
    [aria-disabled=true]{opacity:.55;cursor:default}
    [aria-expanded=true]{border-color:var(--ink)}
    .small{padding:2px 8px;min-height:26px;font-size:.87em}
    .main{background:var(--ink);color:var(--back);border-color:var(--ink)}
    .hint{color:var(--faint);font-size:.87em}
    .label{background:var(--color-background-warning,var(--d-label));color:var(--color-text-warning,var(--d-label-ink));border-radius:var(--round);padding:6px 10px;font-size:.87em;margin-bottom:10px}
    #way{margin-bottom:10px}
    #stage{background:var(--soft);border-radius:var(--round);overflow:auto;max-height:560px;display:grid;place-items:center;min-height:120px}
    #picture{display:block;padding:0;border:0;background:none;cursor:zoom-in;max-width:100%;line-height:0;outline-offset:-3px}
    #large{display:block;max-width:100%;max-height:560px}
    #stage.small-image{padding:14px}
    #stage.zoom{place-items:start}
    #stage.zoom #picture{max-width:none;cursor:zoom-out}
    #stage.zoom #large{max-width:none;max-height:none}
    :root[data-mode=fullscreen] #stage,:root[data-mode=fullscreen] #large{max-height:calc(100vh - 240px)}
    :root[data-mode=fullscreen] #stage.zoom #large{max-height:none}
    #blank{padding:40px 14px;color:var(--faint);display:flex;gap:10px;align-items:center;text-align:center}
    .spin{flex:none;width:16px;height:16px;border:2px solid var(--line);border-top-color:var(--mark);border-radius:50%;animation:turn 1s linear infinite}
    @keyframes turn{to{transform:rotate(1turn)}}
    @media(prefers-reduced-motion:reduce){.spin{animation:none}}
    #files{display:flex;gap:8px;margin-top:10px;overflow-x:auto;padding:3px}
    #files button{flex:none;width:60px;height:60px;padding:0;overflow:hidden;font-size:11px}
    #files img{width:100%;height:100%;object-fit:cover;display:block}
    #files [aria-pressed=true]{outline:2px solid var(--mark);outline-offset:1px}
    #prompt{margin-top:12px;max-height:8.7em;overflow-y:auto;white-space:pre-wrap;unicode-bidi:plaintext;font-weight:var(--font-weight-medium,500)}
    #facts,#place{color:var(--faint);font-size:.87em;margin-top:6px}
    #place{display:flex;flex-wrap:wrap;gap:6px 10px;align-items:center;justify-content:space-between}
    #path{flex:1 1 200px;font:12px var(--font-mono,ui-monospace,monospace);user-select:all}
    #actions{display:flex;flex-wrap:wrap;gap:8px;margin-top:12px}
    .panel{margin-top:12px;padding:12px;border:1px solid var(--line);border-radius:var(--round);display:grid;gap:8px}
    .panel label{font-size:.87em;color:var(--faint)}
    textarea,select{width:100%;background:var(--back);resize:vertical}
    .send{display:flex;flex-wrap:wrap;gap:6px 12px;align-items:center}
    .send .hint{flex:1 1 160px}
    #note{color:var(--faint);font-size:.87em}
    #note:not(:empty),#error{margin-top:12px}
    #error{background:var(--color-background-danger,var(--d-bad-back));color:var(--color-text-danger,var(--d-bad));border-radius:var(--round);padding:8px 10px;white-space:pre-wrap}
    #cards{list-style:none;margin:0;padding:0;display:grid;grid-template-columns:repeat(auto-fill,minmax(140px,1fr));gap:10px}
    #cards button{display:flex;flex-direction:column;align-items:stretch;width:100%;height:100%;padding:0;overflow:hidden;text-align:start;background:var(--back)}
    .thumb{aspect-ratio:1;background:var(--soft);display:grid;place-items:center;color:var(--faint);font-size:.87em;overflow:hidden;position:relative}
    .thumb img{width:100%;height:100%;object-fit:cover;display:block}
    .badge{position:absolute;inset-block-end:6px;inset-inline-start:6px;background:var(--color-background-warning,var(--d-label));color:var(--color-text-warning,var(--d-label-ink));border-radius:6px;padding:1px 6px;font-size:11px}
    .caption{padding:7px 9px 0;font-size:.87em;line-height:1.35;display:-webkit-box;-webkit-line-clamp:2;-webkit-box-orient:vertical;overflow:hidden;unicode-bidi:plaintext}
    .meta{padding:2px 9px 8px;color:var(--faint);font-size:12px;margin-top:auto}
    #pages{display:flex;justify-content:space-between;gap:8px;margin-top:12px}
    #older{margin-inline-start:auto}
    @media(max-width:380px){#page{padding:10px}#cards{grid-template-columns:1fr 1fr;gap:8px}#actions button{flex:1 1 auto}textarea,select{font-size:16px}}
    """#
}
