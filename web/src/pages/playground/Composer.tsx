import { ImagePlus, Plus, Send, Square, X } from 'lucide-react'
import { type ClipboardEvent, type KeyboardEvent, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Role } from '@/api/chat'
import { Button } from '@/ui/Button'
import { toastError } from '@/ui/toast'
import type { Turn } from './conversation'
import { Picture } from './TurnView'

/** The most a picture may have in bytes: the gateway takes 64 MiB of request, and base64 makes four of three. */
const mostBytes = 20 * 2 ** 20

interface Props {
  text: string
  onText: (text: string) => void
  busy: boolean
  /** Something waits to be answered even without a new message. */
  open: boolean
  onSend: (turn: Turn | undefined) => void
  /** Puts a message into the conversation without asking. */
  onAdd: (turn: Turn) => void
  onStop: () => void
}

function dataURL(file: File): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader()
    reader.onload = () => resolve(String(reader.result))
    reader.onerror = () => reject(reader.error ?? new Error(file.name))
    reader.readAsDataURL(file)
  })
}

/** Where the next message is written; it goes to every column. */
export function Composer({ text, onText, busy, open, onSend, onAdd, onStop }: Props) {
  const { t } = useTranslation()
  const [images, setImages] = useState<string[]>([])
  const [role, setRole] = useState<Role>('user')
  const picker = useRef<HTMLInputElement>(null)
  const has = text.trim() !== '' || images.length > 0
  const turn: Turn = { role, text, ...(images.length > 0 && { images }) }
  const take = async (files: Iterable<File>) => {
    for (const file of files) {
      if (!file.type.startsWith('image/')) continue
      if (file.size > mostBytes) toastError(t('playground.tooLarge', { name: file.name }))
      else {
        const url = await dataURL(file)
        setImages((old) => [...old, url])
      }
    }
  }
  const clear = () => {
    onText('')
    setImages([])
    setRole('user')
  }
  const send = () => {
    if (busy || (!has && !open)) return
    if (role !== 'user' && has) {
      onAdd(turn)
      clear()
      return
    }
    onSend(has ? turn : undefined)
    clear()
  }
  const onKey = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || event.nativeEvent.isComposing || event.shiftKey) return
    event.preventDefault()
    send()
  }
  const onPaste = (event: ClipboardEvent) => {
    if (event.clipboardData.files.length === 0) return
    event.preventDefault()
    void take(event.clipboardData.files)
  }
  return (
    <form
      className="rounded-2xl border border-line bg-surface p-3 shadow-card"
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        if (event.dataTransfer.files.length === 0) return
        event.preventDefault()
        void take(event.dataTransfer.files)
      }}
      onSubmit={(event) => {
        event.preventDefault()
        send()
      }}
    >
      {images.length > 0 && (
        <ul className="mb-2 flex flex-wrap gap-2">
          {images.map((url, i) => (
            <li key={i}>
              <Picture url={url}>
                <button
                  type="button"
                  aria-label={t('playground.removeImage', { n: i + 1 })}
                  onClick={() => setImages(images.filter((_, at) => at !== i))}
                  className="absolute top-1 right-1 flex size-6 items-center justify-center rounded-full bg-surface text-ink shadow-card"
                >
                  <X aria-hidden className="size-4" />
                </button>
              </Picture>
            </li>
          ))}
        </ul>
      )}
      <textarea
        aria-label={t('playground.message')}
        placeholder={t('playground.placeholder')}
        rows={3}
        value={text}
        onChange={(e) => onText(e.target.value)}
        onKeyDown={onKey}
        onPaste={onPaste}
        className="control resize-y"
      />
      <div className="mt-2 flex flex-wrap items-center gap-2">
        <select
          aria-label={t('playground.as')}
          value={role}
          onChange={(e) => setRole(e.target.value as Role)}
          className="h-8 rounded-lg border border-line bg-surface px-2 text-[0.93rem] text-ink2"
        >
          {(['user', 'assistant', 'system'] as const).map((name) => (
            <option key={name} value={name}>
              {t(`playground.role.${name}`)}
            </option>
          ))}
        </select>
        <Button look="quiet" size="sm" icon={ImagePlus} onClick={() => picker.current?.click()}>
          {t('playground.addImage')}
        </Button>
        <input
          ref={picker}
          type="file"
          accept="image/*"
          multiple
          hidden
          onChange={(event) => {
            void take([...(event.target.files ?? [])])
            event.target.value = ''
          }}
        />
        <span className="flex-1" />
        {busy ? (
          <Button icon={Square} onClick={onStop}>
            {t('playground.stop')}
          </Button>
        ) : (
          <Button look="primary" icon={role === 'user' ? Send : Plus} type="submit" disabled={!has && !open}>
            {role === 'user' ? t('playground.send') : t('common.add')}
          </Button>
        )}
      </div>
    </form>
  )
}
