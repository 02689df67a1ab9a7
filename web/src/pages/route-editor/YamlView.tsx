import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { RouteSpec } from '@/api/client'
import { Button } from '@/ui/Button'
import { CopyButton } from '@/ui/Copy'
import CodeEditor from '@/ui/editor/CodeEditor'
import { fromYAML, toYAML } from '@/ui/editor/yaml'
import { Notice } from '@/ui/Feedback'
import { type Draft, fromSpec, toSpec } from './draft'

interface Props {
  draft: Draft
  onChange: (draft: Draft) => void
}

/** The same route as YAML, to be read, copied and changed as text. */
export default function YamlView({ draft, onChange }: Props) {
  const { t } = useTranslation()
  const [text, setText] = useState(() => toYAML(toSpec(draft)))
  const [fault, setFault] = useState<string>()
  const change = (next: string) => {
    setText(next)
    const read = fromYAML(next)
    if ('fault' in read) {
      setFault(`${t('config.line', { n: read.line })}: ${read.fault}`)
      return
    }
    try {
      onChange(fromSpec(read.value as Partial<RouteSpec>))
      setFault(undefined)
    } catch {
      // Something is a text where a list should be, or the like.
      setFault(t('routes.yamlShape'))
    }
  }
  return (
    <div className="space-y-3">
      <div className="flex flex-wrap items-center justify-between gap-2">
        <p className="text-[0.93rem] text-ink3">{t('routes.yamlHint')}</p>
        <span className="flex gap-2">
          <Button size="sm" onClick={() => change(toYAML(toSpec(draft)))}>
            {t('routes.yamlTidy')}
          </Button>
          <CopyButton text={text} />
        </span>
      </div>
      <CodeEditor
        label={t('routes.yaml')}
        value={text}
        onChange={change}
        className="block h-96 overflow-hidden rounded-xl border border-line2"
      />
      {fault && <Notice>{fault}</Notice>}
    </div>
  )
}
