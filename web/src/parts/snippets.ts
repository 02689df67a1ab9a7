export interface SnippetInput {
  /** The proxy's base URL, with /v1. */
  base: string
  model: string
  key: string
  /** No key is needed. */
  keyless?: boolean
  prompt: string
}

export const snippetNames = ['curl', 'python', 'node', 'go', 'claude'] as const
export type SnippetName = (typeof snippetNames)[number]

/** What is shown for a key that is not at hand. */
export const keyPlaceholder = '$POSTHOUSE_KEY'

/** The same question in several languages, ready to be run. */
export function snippet(name: SnippetName, { base, model, key, keyless, prompt }: SnippetInput): string {
  // Clients insist on some key; where none is needed, any will do.
  const k = keyless ? 'none' : key || keyPlaceholder
  switch (name) {
    case 'curl':
      return [
        `curl ${base}/chat/completions \\`,
        ...(keyless ? [] : [`  -H "Authorization: Bearer ${k}" \\`]),
        '  -H "Content-Type: application/json" \\',
        `  -d ${shellQuote(`{"model": ${JSON.stringify(model)}, "stream": true,\n       "messages": [{"role": "user", "content": ${JSON.stringify(prompt)}}]}`)}`,
      ].join('\n')
    case 'python':
      return [
        '# pip install openai',
        'from openai import OpenAI',
        '',
        `client = OpenAI(base_url=${JSON.stringify(base)}, api_key=${JSON.stringify(k)})`,
        'stream = client.chat.completions.create(',
        `    model=${JSON.stringify(model)},`,
        `    messages=[{"role": "user", "content": ${JSON.stringify(prompt)}}],`,
        '    stream=True,',
        ')',
        'for chunk in stream:',
        '    if chunk.choices:',
        '        print(chunk.choices[0].delta.content or "", end="", flush=True)',
      ].join('\n')
    case 'node':
      return [
        '// npm install openai',
        'import OpenAI from "openai";',
        '',
        `const client = new OpenAI({ baseURL: ${JSON.stringify(base)}, apiKey: ${JSON.stringify(k)} });`,
        'const stream = await client.chat.completions.create({',
        `  model: ${JSON.stringify(model)},`,
        `  messages: [{ role: "user", content: ${JSON.stringify(prompt)} }],`,
        '  stream: true,',
        '});',
        'for await (const chunk of stream) {',
        '  process.stdout.write(chunk.choices[0]?.delta?.content ?? "");',
        '}',
      ].join('\n')
    case 'go':
      return [
        '// go get github.com/openai/openai-go/v3',
        'package main',
        '',
        'import (',
        '\t"context"',
        '\t"fmt"',
        '',
        '\t"github.com/openai/openai-go/v3"',
        '\t"github.com/openai/openai-go/v3/option"',
        ')',
        '',
        'func main() {',
        `\tclient := openai.NewClient(option.WithBaseURL(${JSON.stringify(base)}), option.WithAPIKey(${JSON.stringify(k)}))`,
        '\tstream := client.Chat.Completions.NewStreaming(context.Background(), openai.ChatCompletionNewParams{',
        `\t\tModel:    ${JSON.stringify(model)},`,
        `\t\tMessages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage(${JSON.stringify(prompt)})},`,
        '\t})',
        '\tfor stream.Next() {',
        '\t\tif c := stream.Current().Choices; len(c) > 0 {',
        '\t\t\tfmt.Print(c[0].Delta.Content)',
        '\t\t}',
        '\t}',
        '\tif err := stream.Err(); err != nil {',
        '\t\tpanic(err)',
        '\t}',
        '}',
      ].join('\n')
    case 'claude':
      return [
        '# npm install -g @anthropic-ai/claude-code',
        `export ANTHROPIC_BASE_URL=${shellWord(base.replace(/\/v1$/, ''))}`,
        `export ANTHROPIC_AUTH_TOKEN=${k}`,
        // What it asks for beside the conversation goes to the same model.
        `export ANTHROPIC_DEFAULT_HAIKU_MODEL=${shellWord(model)}`,
        `claude --model ${shellWord(model)} ${shellQuote(prompt)}`,
      ].join('\n')
  }
}

/** Text as it is where a shell takes it for one word, else quoted. */
function shellWord(text: string): string {
  return /^[\w./:@-]+$/.test(text) ? text : shellQuote(text)
}

/** Text as one word of a POSIX shell. */
export function shellQuote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
