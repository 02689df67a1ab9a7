export interface Running {
  console: string
  proxy: string
  token: string
  data: string
  stop(): Promise<void>
}
export function build(): string
export function start(binary: string, flags?: string[], given?: string): Promise<Running>
