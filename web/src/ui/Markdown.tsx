import { Fragment, memo, type ReactNode } from 'react'
import { type Block, type Inline, parseMarkdown } from '@/lib/markdown'
import { Code } from './Copy'
import { cx } from './cx'

/** Text with marks as models write it. Nothing in it becomes HTML, and nothing is fetched. */
export const Markdown = memo(function Markdown({ text, className }: { text: string; className?: string }) {
  return <div className={cx('space-y-3 break-words leading-relaxed', className)}>{blocks(parseMarkdown(text))}</div>
})

function blocks(list: readonly Block[]): ReactNode {
  return list.map((block, i) => <BlockView key={i} block={block} />)
}

const sizes = ['text-[1.3rem]', 'text-[1.2rem]', 'text-[1.1rem]', 'text-[1.05rem]', '', '']

function BlockView({ block }: { block: Block }) {
  switch (block.kind) {
    case 'heading':
      // The page has headings of its own; these are of the answer.
      return (
        <p role="heading" aria-level={Math.min(6, block.level + 2)} className={cx('font-semibold', sizes[block.level - 1])}>
          {inline(block.of)}
        </p>
      )
    case 'paragraph':
      return <p className="whitespace-pre-line">{inline(block.of)}</p>
    case 'code':
      return <Code text={block.text} label={block.language || undefined} />
    case 'quote':
      return <blockquote className="space-y-3 border-line2 border-l-2 pl-3 text-ink2">{blocks(block.of)}</blockquote>
    case 'rule':
      return <hr className="border-line" />
    case 'list': {
      const items = block.items.map((of, i) => (
        <li key={i} className="space-y-1.5">
          {blocks(of)}
        </li>
      ))
      return block.ordered ? (
        <ol start={block.start} className="list-decimal space-y-1 pl-6">
          {items}
        </ol>
      ) : (
        <ul className="list-disc space-y-1 pl-6">{items}</ul>
      )
    }
    case 'table':
      return <Table block={block} />
  }
}

function Table({ block }: { block: Extract<Block, { kind: 'table' }> }) {
  return (
    <div role="group" tabIndex={0} className="overflow-x-auto rounded-lg border border-line">
      <table className="w-full text-left">
        <thead className="bg-sunken">
          <tr>
            {block.head.map((cell, i) => (
              <th key={i} scope="col" className="px-3 py-1.5 font-medium">
                {inline(cell)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {block.rows.map((row, i) => (
            <tr key={i} className="border-line border-t">
              {row.map((cell, j) => (
                <td key={j} className="px-3 py-1.5 align-top">
                  {inline(cell)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function inline(list: readonly Inline[]): ReactNode {
  return list.map((piece, i) => <Fragment key={i}>{one(piece)}</Fragment>)
}

function one(piece: Inline): ReactNode {
  switch (piece.kind) {
    case 'text':
      return piece.text
    case 'code':
      return <code className="rounded bg-sunken px-1 py-px font-mono text-[0.9em]">{piece.text}</code>
    case 'strong':
      return <strong className="font-semibold">{inline(piece.of)}</strong>
    case 'em':
      return <em>{inline(piece.of)}</em>
    case 'strike':
      return <s>{inline(piece.of)}</s>
    case 'break':
      return <br />
    case 'link':
      return (
        <a href={piece.url} target="_blank" rel="noreferrer noopener" className="text-accent underline">
          {inline(piece.of)}
        </a>
      )
  }
}
