"""The pages that a person sees: plain HTML without scripts, for keyboard and screen reader."""

from html import escape

_STYLE = """
:root { color-scheme: light dark; --line: light-dark(#d0d4dc, #3a4150);
  --accent: light-dark(#1a5fb4, #78aeed); --on-accent: light-dark(#fff, #0d1420); }
* { box-sizing: border-box; }
body { font: 1.05rem/1.5 system-ui, sans-serif; margin: 0; min-height: 100vh;
  display: grid; place-items: center; padding: 1rem; }
main { width: min(28rem, 100%); padding: 2rem; border: 1px solid var(--line);
  border-radius: .75rem; }
h1 { font-size: 1.4rem; margin: 0 0 1rem; }
code { font-size: 1.6rem; letter-spacing: .15em; }
label { display: block; font-weight: 600; }
input { font: inherit; font-size: 1.4rem; letter-spacing: .15em; text-transform: uppercase;
  width: 100%; padding: .5rem .75rem; border: 1px solid var(--line); border-radius: .5rem; }
button { font: inherit; padding: .6rem 1.4rem; margin: 1rem .5rem 0 0; cursor: pointer;
  border: 1px solid var(--accent); border-radius: .5rem; background: none; color: inherit; }
button.main { background: var(--accent); color: var(--on-accent); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
[role=alert] { border-left: 4px solid light-dark(#b3261e, #f2b8b5); padding-left: .75rem; }
footer { margin-top: 1.5rem; font-size: .85rem; opacity: .75; }
"""


def ask_for_code(problem: str = "") -> str:
    """Ask for the code that the device shows; ``problem`` says what was wrong with the last one."""
    alert = f'<p role="alert">{escape(problem)}</p>' if problem else ""
    return _page(
        "Sign in on a device",
        f"""{alert}<form method="get" action="/device">
<label for="code">The code that your device shows</label>
<input id="code" name="user_code" autocomplete="off" autofocus required maxlength="9"
  spellcheck="false">
<button class="main">Go on</button>
</form>""",
    )


def ask_for_approval(code: str, client: str, scope: str) -> str:
    """Show who asks for what, and let the person approve or deny it."""
    shown = escape(f"{code[:4]}-{code[4:]}")
    asked = f"<p>It asks for: {escape(scope)}.</p>" if scope else ""
    return _page(
        "Approve this sign-in?",
        f"""<p><strong>{escape(client)}</strong> wants to sign in as Olive Owner.</p>
{asked}<p>Is this the code that it shows?<br><code>{shown}</code></p>
<form method="post" action="/device">
<input type="hidden" name="user_code" value="{escape(code)}">
<button class="main" name="decision" value="approve">Approve</button>
<button name="decision" value="deny">Deny</button>
</form>""",
    )


def told(text: str) -> str:
    """Say how it ended."""
    return _page("Sign in on a device", f'<p role="status">{escape(text)}</p>')


def _page(title: str, body: str) -> str:
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)} · local Photon</title>
<style>{_STYLE}</style>
</head>
<body>
<main>
<h1>{escape(title)}</h1>
{body}
<footer>A local Photon. Nothing here reaches Photon's servers.</footer>
</main>
</body>
</html>
"""
