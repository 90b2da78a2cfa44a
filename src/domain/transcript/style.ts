/** How a transcript looks: sides as in a chat, by day, by night and on paper. */
export const style = `
:root{color-scheme:light dark;--fg:#1c1e21;--bg:#fff;--soft:#f2f3f5;--line:#d9dce0;--staff:#eef1ff;--dim:#5c6370;--gone:#b3261e}
@media (prefers-color-scheme:dark){:root{--fg:#e6e8eb;--bg:#17181b;--soft:#212327;--line:#3a3d43;--staff:#232842;--dim:#9aa0aa;--gone:#ff8a80}}
*{box-sizing:border-box}body{margin:0 auto;max-width:52rem;padding:1.5rem;background:var(--bg);color:var(--fg);font:16px/1.5 system-ui,sans-serif}
h1{font-size:1.4rem;margin:0 0 .5rem;overflow-wrap:anywhere}dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem;margin:0 0 1rem}dt{color:var(--dim)}dd{margin:0;overflow-wrap:anywhere;text-align:left}
article,section{border:1px solid var(--line);border-radius:.5rem;padding:.6rem .8rem;margin:.6rem 0;background:var(--soft)}
article{width:fit-content;min-width:40%;max-width:88%}article.staff{background:var(--staff);margin-left:auto}article.note{border-style:dashed}article.gone>pre{text-decoration:line-through;color:var(--dim)}
header{font-size:.9rem}.role,time,small,.mark,.status{color:var(--dim);font-size:.8rem}.mark.deleted{color:var(--gone)}
header b,h1,dd{unicode-bidi:isolate}pre{unicode-bidi:plaintext;white-space:pre-wrap;overflow-wrap:anywhere;margin:.3rem 0 0;font:inherit}.old{border-inline-start:3px solid var(--line);padding-inline-start:.6rem}
.files{list-style:none;padding:0;margin:.4rem 0 0;overflow-wrap:anywhere}figure{margin:.3rem 0}img{max-width:100%;max-height:24rem;border-radius:.4rem}a{color:inherit}
.status{text-align:center;margin:.8rem 0;overflow-wrap:anywhere}
@media print{:root{--fg:#000;--bg:#fff;--dim:#444;--line:#999}body{max-width:none;padding:0}article,section{background:none}header,figure{break-inside:avoid}header{break-after:avoid}details::details-content{display:block;content-visibility:visible}}
`;
