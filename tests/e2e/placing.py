"""Manifests with one webhook, whose secret goes to the places that a test is about."""

URL = "https://bot.example.com/hook"
BOTH = "[{envFile: .env, key: HOOK}, {vault: secret/bot, key: BOT}]"


def declare(cli, name, secret, url=URL, more=""):
    cli.write(
        f"version: 1\nproject: {{name: {name}}}\n"
        f"webhooks: [{{url: '{url}', secret: {secret}{more}}}]\n"
    )
