import { Toast } from '@base-ui/react/toast'
import { CircleAlert, CircleCheck, X } from 'lucide-react'
import { useEffect } from 'react'
import { useTranslation } from 'react-i18next'
import { onMessage } from './toast'

const manager = Toast.createToastManager()

export default function Toasts() {
  useEffect(
    () =>
      onMessage(({ action, ...message }) => {
        const id = manager.add({
          ...message,
          actionProps: action && {
            children: action.label,
            onClick: () => {
              manager.close(id)
              action.run()
            },
          },
        })
      }),
    [],
  )
  return (
    <Toast.Provider toastManager={manager}>
      <Toast.Portal>
        <Toast.Viewport className="fixed z-50 flex flex-col gap-2 outline-none max-sm:inset-x-4 max-sm:top-3 sm:bottom-4 sm:left-4 sm:w-92 lg:left-60">
          <List />
        </Toast.Viewport>
      </Toast.Portal>
    </Toast.Provider>
  )
}

function List() {
  const { t } = useTranslation()
  const { toasts } = Toast.useToastManager()
  return toasts.map((item) => (
    <Toast.Root
      key={item.id}
      toast={item}
      className="rounded-xl border border-line bg-raised p-3 text-ink shadow-pop transition data-[ending-style]:opacity-0 data-[starting-style]:translate-y-2 data-[starting-style]:opacity-0"
    >
      <Toast.Content className="flex items-start gap-2.5">
        {item.type === 'bad' ? (
          <CircleAlert aria-hidden className="mt-0.5 size-[1.15rem] shrink-0 text-bad" />
        ) : (
          <CircleCheck aria-hidden className="mt-0.5 size-[1.15rem] shrink-0 text-ok" />
        )}
        <div className="min-w-0 flex-1">
          <Toast.Title className="break-words font-medium" />
          <Toast.Description className="break-words text-ink2" />
        </div>
        {item.actionProps && <Toast.Action className="rounded-md px-2 py-1 font-medium text-accent hover:bg-sunken" />}
        <Toast.Close aria-label={t('common.close')} className="rounded-md p-1 text-ink3 hover:bg-sunken">
          <X aria-hidden className="size-4" />
        </Toast.Close>
      </Toast.Content>
    </Toast.Root>
  ))
}
