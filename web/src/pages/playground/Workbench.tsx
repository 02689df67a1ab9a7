import { Eraser, EyeOff, Plus, Share2, SlidersHorizontal } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useParam, useSetParams } from '@/lib/params'
import { Button } from '@/ui/Button'
import { copyText } from '@/ui/Copy'
import { cx } from '@/ui/cx'
import { Segmented } from '@/ui/Segmented'
import { toast } from '@/ui/toast'
import { AsCode } from './AsCode'
import { BlindBar } from './BlindBar'
import { arranged, type Blind, begin, isHidden, letterOf } from './blind'
import { type ColumnHandle, ColumnView } from './ColumnView'
import { Composer } from './Composer'
import { type Column, isOpen, mostColumns, type Turn, toRequest } from './conversation'
import { ParamsForm } from './ParamsForm'
import { pack, type Session } from './share'

const grids = ['', '', 'md:grid-cols-2', 'md:grid-cols-2 xl:grid-cols-3', 'md:grid-cols-2 2xl:grid-cols-4']

/** One to four models side by side, asked at once. */
export function Workbench({ first, models }: { first: Session; models: string[] }) {
  const { t } = useTranslation()
  const [columns, setColumns] = useState(first.columns)
  const [params, setParams] = useState(first.params)
  const [draft, setDraft] = useState(first.draft)
  const [tuning, setTuning] = useState(false)
  const [curl, setCurl] = useState<number>()
  const [busy, setBusy] = useState<ReadonlySet<number>>(new Set())
  const [blind, setBlind] = useState<Blind>()
  const [view, setView] = useParam('view')
  const setAddress = useSetParams()
  const handles = useRef(new Map<number, ColumnHandle>())
  const names = columns.map((c) => c.model).join(',')
  // The address follows the models, so that it can be kept and opened again.
  // biome-ignore lint/correctness/useExhaustiveDependencies: only when the models change
  useEffect(() => {
    const timer = setTimeout(() => setAddress({ model: names || undefined }, true), 400)
    return () => clearTimeout(timer)
  }, [names])

  const change = (id: number) => (make: (column: Column) => Column) => setColumns((all) => all.map((c) => (c.id === id ? make(c) : c)))
  const add = () => {
    const used = new Set(columns.map((c) => c.model))
    const id = [1, 2, 3, 4].find((n) => !columns.some((c) => c.id === n)) ?? columns.length + 1
    setColumns([...columns, { id, model: models.find((m) => !used.has(m)) ?? models[0] ?? '', turns: [] }])
  }
  const send = (turn: Turn | undefined) => {
    for (const column of columns) {
      const turns = turn ? [...column.turns, turn] : column.turns
      if (column.model && isOpen(turns)) handles.current.get(column.id)?.ask(turns)
    }
  }
  const share = async () => {
    const url = `${window.location.origin}/playground#s=${await pack({ columns, params, draft })}`
    if (await copyText(url)) toast(t('playground.shared'), t('playground.sharedNote'))
  }
  const shown = columns.find((c) => c.id === curl)
  const hidden = isHidden(blind)
  const seen = arranged(columns, blind)
  const mix = () => setBlind(begin(columns.map((c) => c.id)))
  return (
    <div className="space-y-3">
      <div className="flex flex-wrap items-center gap-2">
        <Segmented
          label={t('playground.view')}
          value={view === 'raw' ? 'raw' : 'rendered'}
          options={[
            { value: 'rendered', label: 'Markdown' },
            { value: 'raw', label: t('playground.raw') },
          ]}
          onChange={(next) => setView(next === 'raw' ? 'raw' : undefined)}
        />
        <Button size="sm" icon={SlidersHorizontal} aria-expanded={tuning} onClick={() => setTuning(!tuning)}>
          {t('playground.parameters')}
        </Button>
        {columns.length > 1 && (
          <Button
            size="sm"
            icon={EyeOff}
            aria-pressed={blind !== undefined}
            title={t('playground.blindNote')}
            onClick={() => (blind ? setBlind(undefined) : mix())}
            className={blind ? 'border-accent text-accent' : undefined}
          >
            {t('playground.blind')}
          </Button>
        )}
        <span className="flex-1" />
        <Button
          size="sm"
          look="quiet"
          icon={Eraser}
          disabled={columns.every((c) => c.turns.length === 0)}
          onClick={() => {
            setColumns(columns.map((c) => ({ ...c, turns: [] })))
            if (blind) mix()
          }}
        >
          {t('playground.clear')}
        </Button>
        <Button size="sm" look="quiet" icon={Share2} disabled={hidden} onClick={() => void share()}>
          {t('playground.share')}
        </Button>
        <Button size="sm" icon={Plus} disabled={columns.length >= mostColumns || blind !== undefined} onClick={add}>
          {t('playground.addColumn')}
        </Button>
      </div>
      {tuning && (
        <section aria-label={t('playground.parameters')} className="rounded-2xl border border-line bg-surface p-4 shadow-card">
          <ParamsForm params={params} onChange={setParams} />
        </section>
      )}
      <div className={cx('grid grid-cols-1 items-stretch gap-3', grids[columns.length])}>
        {seen.map((column) => (
          <ColumnView
            key={column.id}
            ref={(handle) => {
              if (handle) handles.current.set(column.id, handle)
              else handles.current.delete(column.id)
            }}
            column={column}
            shared={params}
            models={models}
            raw={view === 'raw'}
            letter={blind && letterOf(blind, column.id)}
            hidden={hidden}
            onChange={change(column.id)}
            onRemove={columns.length > 1 && !blind ? () => setColumns(columns.filter((c) => c.id !== column.id)) : undefined}
            onCurl={() => setCurl(column.id)}
            onBusy={(on) =>
              setBusy((old) => {
                if (old.has(column.id) === on) return old
                const next = new Set(old)
                if (on) next.add(column.id)
                else next.delete(column.id)
                return next
              })
            }
          />
        ))}
      </div>
      <div className="sticky bottom-3 z-[5] space-y-3">
        {blind && (
          <BlindBar
            blind={blind}
            columns={seen}
            ready={busy.size === 0 && columns.every((c) => c.turns.length > 0) && columns.some((c) => c.turns.at(-1)?.role === 'assistant')}
            onVerdict={(verdict) => setBlind({ ...blind, verdict })}
            onAgain={() => {
              setColumns(columns.map((c) => ({ ...c, turns: [] })))
              mix()
            }}
          />
        )}
        <Composer
          text={draft}
          onText={setDraft}
          busy={busy.size > 0}
          open={columns.some((c) => isOpen(c.turns))}
          onSend={send}
          onAdd={(turn) => setColumns(columns.map((c) => ({ ...c, turns: [...c.turns, turn] })))}
          onStop={() => {
            for (const handle of handles.current.values()) handle.stop()
          }}
        />
      </div>
      {shown && (
        <AsCode
          request={toRequest(
            shown.model,
            shown.params ?? params,
            draft.trim() ? [...shown.turns, { role: 'user', text: draft }] : shown.turns,
          )}
          onClose={() => setCurl(undefined)}
        />
      )}
    </div>
  )
}
