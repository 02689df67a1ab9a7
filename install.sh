#!/usr/bin/env bash
#
# Installs, starts, updates and removes Posthouse.
#
#   ./install.sh                                  from a checkout: builds with Go
#   curl -sS https://…/install.sh | bash          elsewhere: downloads a release
#   ./install.sh --help                           every option
#
# Everything below is a function; the last line calls main. A download that was
# cut off anywhere therefore does nothing at all. It runs on the bash 3.2 that
# macOS ships and uses no GNU-only flags.
#
# The Chinese texts use Chinese quotation marks on purpose:
# shellcheck disable=SC1111

if [ -z "${BASH_VERSION:-}" ]; then
  echo 'install.sh: this script needs bash: run it as "bash install.sh", or "curl … | bash"' >&2
  exit 1
fi

usage() {
  cat <<'HELP'
Usage: install.sh [command] [options]

Commands
  install      install or upgrade, then start (this is what no command means)
  start | stop | restart | status
  logs         show the log; "logs -f" follows it
  update       fetch (or, in a checkout, build) the newest version; keeps everything else
  uninstall    stop and remove the program; data stays. --purge removes data too

Provider keys (a provider is made only for keys or URLs you give)
  --dashscope-key KEY  --deepseek-key KEY  --openai-key KEY  --doubao-key KEY
  --azure-key KEY --azure-url URL      URL is the endpoint the Azure portal shows
  --key VENDOR=KEY                     any vendor of "posthouse vendors"; repeatable
  --url VENDOR=URL                     base URL of a vendor that has none of its own, or another one
  --region VENDOR=ID                   one of the vendor's regions, to which its keys are bound
  --field VENDOR.NAME=VALUE            a further setting a vendor needs
  --no-check                           do not try the keys at their vendors
  A KEY on a command line can be read by other users of this machine (ps). Write
  @FILE to read it from a file, - to read it from standard input, or use the
  environment: POSTHOUSE_DASHSCOPE_KEY, POSTHOUSE_DEEPSEEK_KEY,
  POSTHOUSE_OPENAI_KEY, POSTHOUSE_DOUBAO_KEY, POSTHOUSE_AZURE_KEY,
  POSTHOUSE_AZURE_URL, POSTHOUSE_KEYS ("vendor=key vendor=key …"),
  POSTHOUSE_URLS ("vendor=url …"), POSTHOUSE_REGIONS ("vendor=id …"),
  POSTHOUSE_FIELDS ("vendor.name=value …").

Where and how (environment in brackets)
  --prefix DIR         program goes to DIR/bin: /usr/local for root, else ~/.local [POSTHOUSE_PREFIX]
  --data-dir DIR       /var/lib/posthouse for root, else ~/.local/share/posthouse [POSTHOUSE_DATA_DIR]
  --http-port N        8080; 0 takes any free port [POSTHOUSE_HTTP_PORT]
  --https-port N       8443 [POSTHOUSE_HTTPS_PORT]
  --console-port N     8001 [POSTHOUSE_CONSOLE_PORT]
  --bind ADDR          address of the proxy; empty is all [POSTHOUSE_BIND]
  --console-bind ADDR  address of the console: 127.0.0.1; 0.0.0.0 is all [POSTHOUSE_CONSOLE_BIND]
  --base-url URL       where releases are fetched [POSTHOUSE_BASE_URL]
  --download           fetch a release even in a checkout
  --systemd, --no-systemd   use systemd, or a background process; default: systemd
                       for root where it runs [POSTHOUSE_SYSTEMD=yes or no]
  --no-start           install only [POSTHOUSE_NO_START=1]
  --yes, -y            ask nothing [POSTHOUSE_YES=1]
  --purge              with uninstall: remove the data folder too
  --version            print the installed version
An upgrade keeps the settings of the last run unless an option says otherwise.
HELP
}

# ---------------------------------------------------------------- speaking --

# t prints the English or the Chinese text, as the locale asks.
t() {
  case "${LC_ALL:-${LC_MESSAGES:-${LANG:-}}}" in
    zh*) printf '%s' "${2:-$1}" ;;
    *) printf '%s' "$1" ;;
  esac
}

say() { printf '%s\n' "$(t "$@")"; }
step() { printf -- '- %s\n' "$(t "$@")"; }
warn() { printf 'install.sh: %s%s\n' "$(t 'warning: ' '注意：')" "$(t "$@")" >&2; }

fail() {
  printf 'install.sh: %s\n' "$(t "$@")" >&2
  exit 1
}

# ask prints a question on the terminal and reads one line into $answer.
ask() {
  printf '%s' "$1" >/dev/tty
  IFS= read -r answer </dev/tty || answer=
}

# ask_hidden does so without showing what is typed, also when it is typed (or
# pasted) before the question is there.
ask_hidden() {
  hiding=$(stty -g </dev/tty 2>/dev/null)
  stty -echo </dev/tty 2>/dev/null
  printf '%s' "$1" >/dev/tty
  IFS= read -r -s answer </dev/tty || answer=
  show_again
  printf '\n' >/dev/tty
}

# show_again ends the hiding of what is typed.
show_again() {
  [ -z "$hiding" ] || stty "$hiding" </dev/tty 2>/dev/null
  hiding=
}

# has_terminal: a person sits there, even when the script itself comes by a pipe.
has_terminal() {
  { [ -t 0 ] || [ -t 1 ] || [ -t 2 ]; } && (: </dev/tty) 2>/dev/null
}

have() { command -v "$1" >/dev/null 2>&1; }

# ----------------------------------------------------------------- cleaning --

# made_dir makes a folder and remembers what it had to make, so that a failure
# can take it away again.
made_dir() {
  local path=$1 mode=${2:-755} parent
  [ -d "$path" ] && return 0
  parent=$(dirname -- "$path")
  [ "$parent" = "$path" ] || made_dir "$parent"
  mkdir -m "$mode" -- "$path" 2>/dev/null ||
    fail "cannot make the folder $path: run as root, or choose another with --prefix and --data-dir" \
      "无法创建目录 $path：请用 root 运行，或用 --prefix 和 --data-dir 指定其他目录"
  new_dirs[${#new_dirs[@]}]=$path
}

# clean_up runs at every exit. Until the installation is committed it takes
# away everything this run made.
# shellcheck disable=SC2317  # reached by the trap alone
clean_up() {
  local status=$?
  trap - EXIT
  show_again
  [ -n "$committed" ] || undo
  [ -z "$stage" ] || rm -rf -- "$stage"
  [ -n "$committed" ] || remove_new_dirs
  exit "$status"
}

# undo takes back what an installation did before it was committed.
# shellcheck disable=SC2317  # reached by the trap alone
undo() {
  # Only a folder that was empty before this run is emptied.
  [ -z "$fresh_data" ] || find "$data_dir" -mindepth 1 -delete 2>/dev/null
  [ -n "$stopped_old" ] || return 0
  put_back_data
  use_saved_settings
  start_service || warn "the previous version could not be started again" "旧版本未能重新启动"
}

# shellcheck disable=SC2317  # reached by the trap alone
remove_new_dirs() {
  local i=${#new_dirs[@]}
  while [ "$i" -gt 0 ]; do
    i=$((i - 1))
    rmdir -- "${new_dirs[$i]}" 2>/dev/null
  done
}

# ------------------------------------------------------------------ options --

# value_of fails unless an option that needs a value has one.
value_of() {
  [ "$2" -ge 2 ] || fail "$1 needs a value" "$1 需要一个值"
}

# key_entry finds or makes the entry of a vendor and puts its number into $at.
key_entry() {
  local i=0
  case "$1" in
    '' | *[!a-z0-9._-]*) fail "\"$1\" is not a vendor id: write vendor=…, with an id that \"posthouse vendors\" lists" \
      "“$1”不是厂商 id：请写成 vendor=…，可用的 id 见 posthouse vendors" ;;
  esac
  while [ "$i" -lt "${#key_vendor[@]}" ]; do
    if [ "${key_vendor[$i]}" = "$1" ]; then
      at=$i
      return 0
    fi
    i=$((i + 1))
  done
  at=${#key_vendor[@]}
  key_vendor[at]=$1
  forget_entry "$at"
}

# forget_entry empties an entry; nothing is made of it unless it is wanted again.
forget_entry() {
  key_wanted[$1]=
  key_secret[$1]=
  key_url[$1]=
  key_region[$1]=
  key_fields[$1]=
}

# pair splits NAME=VALUE into $name and $value.
pair() {
  case "$1" in
    *=*) ;;
    *) fail "$2 is written vendor=value" "$2 的写法是 vendor=值" ;;
  esac
  name=${1%%=*}
  value=${1#*=}
}

# add_key takes a vendor and its key, @FILE or -.
add_key() {
  local vendor=$1 key=$2
  case "$key" in
    @*)
      [ -r "${key#@}" ] || fail "cannot read the key file ${key#@}" "无法读取密钥文件 ${key#@}"
      key=$(cat -- "${key#@}")
      ;;
    -)
      [ -n "$script_file" ] || fail "a key cannot come from standard input while the script does: use @FILE or the environment" \
        "脚本经由管道运行时，密钥不能再从标准输入读取：请用 @文件 或环境变量"
      IFS= read -r key || :
      ;;
  esac
  key=$(printf '%s' "$key" | tr -d '\r')
  [ -n "$key" ] || fail "the key for $vendor is empty" "$vendor 的密钥为空"
  check_text "the key for $vendor" "$key"
  key_entry "$vendor"
  key_secret[at]=$key
  key_wanted[at]=yes
}

add_url() {
  check_text "the URL for $1" "$2"
  case "$2" in
    http://?* | https://?*) ;;
    *) fail "the URL for $1 must begin with http:// or https://" "$1 的地址必须以 http:// 或 https:// 开头" ;;
  esac
  key_entry "$1"
  key_url[at]=$2
  key_wanted[at]=yes
}

add_region() {
  case "$2" in
    '' | *[!a-z0-9-]*) fail "\"$2\" is not the id of a region" "“$2”不是有效的区域 id" ;;
  esac
  key_entry "$1"
  key_region[at]=$2
}

# add_field takes VENDOR.NAME and a value.
add_field() {
  local vendor=${1%%.*} field=${1#*.}
  case "$1" in
    ?*.?*) ;;
    *) fail "--field is written vendor.name=value" "--field 的写法是 vendor.name=值" ;;
  esac
  case "$field" in
    *[!a-z0-9_]*) fail "\"$field\" is not the name of a vendor's field" "“$field”不是有效的字段名" ;;
  esac
  check_text "the field $1" "$2"
  key_entry "$vendor"
  key_fields[at]="${key_fields[at]}$field=$2
"
}

# check_text refuses what cannot be part of a key or URL, and ${, which the
# configuration document would take for a variable.
check_text() {
  local LC_ALL=C
  case "$2" in
    *[[:cntrl:]]*) fail "$1 holds a line break or control character" "$1 含有换行或控制字符" ;;
    *"\${"*) fail "$1 holds \${, which keys and URLs do not" "$1 含有 \${，这不是合法的密钥或地址" ;;
  esac
}

# pairs_from_environment hands each word of a list such as "a=1 b=2" to a function.
pairs_from_environment() {
  local list=$1 take=$2 what=$3 word
  set -f
  for word in $list; do
    pair "$word" "$what"
    "$take" "$name" "$value"
  done
  set +f
}

# read_environment takes the POSTHOUSE_* twins of the options and forgets the
# secrets among them, so that no child process inherits a key.
read_environment() {
  opt_prefix=${POSTHOUSE_PREFIX:-}
  opt_base_url=${POSTHOUSE_BASE_URL:-}
  [ -z "${POSTHOUSE_YES:-}" ] || assume_yes=yes
  [ -z "${POSTHOUSE_NO_START:-}" ] || no_start=yes
  pairs_from_environment "${POSTHOUSE_KEYS:-}" add_key POSTHOUSE_KEYS
  pairs_from_environment "${POSTHOUSE_URLS:-}" add_url POSTHOUSE_URLS
  pairs_from_environment "${POSTHOUSE_REGIONS:-}" add_region POSTHOUSE_REGIONS
  pairs_from_environment "${POSTHOUSE_FIELDS:-}" add_field POSTHOUSE_FIELDS
  [ -z "${POSTHOUSE_DASHSCOPE_KEY:-}" ] || add_key dashscope "$POSTHOUSE_DASHSCOPE_KEY"
  [ -z "${POSTHOUSE_DEEPSEEK_KEY:-}" ] || add_key deepseek "$POSTHOUSE_DEEPSEEK_KEY"
  [ -z "${POSTHOUSE_OPENAI_KEY:-}" ] || add_key openai "$POSTHOUSE_OPENAI_KEY"
  [ -z "${POSTHOUSE_DOUBAO_KEY:-}" ] || add_key doubao "$POSTHOUSE_DOUBAO_KEY"
  [ -z "${POSTHOUSE_AZURE_KEY:-}" ] || add_key azure "$POSTHOUSE_AZURE_KEY"
  [ -z "${POSTHOUSE_AZURE_URL:-}" ] || add_url azure "$POSTHOUSE_AZURE_URL"
  unset POSTHOUSE_KEYS POSTHOUSE_DASHSCOPE_KEY POSTHOUSE_DEEPSEEK_KEY POSTHOUSE_OPENAI_KEY \
    POSTHOUSE_DOUBAO_KEY POSTHOUSE_AZURE_KEY
  # These would send the program to another instance than the one installed here.
  unset POSTHOUSE_URL POSTHOUSE_CONSOLE_URL POSTHOUSE_TOKEN
}

# read_options takes the command line. A setting that was given, even as an
# empty text, is marked in $given.
read_options() {
  local option
  while [ $# -gt 0 ]; do
    option=$1
    case "$option" in
      --*=*)
        shift
        set -- "${option%%=*}" "${option#*=}" "$@"
        option=$1
        ;;
    esac
    case "$option" in
      install | start | stop | restart | status | logs | update | uninstall)
        [ -z "$command" ] || fail "two commands: $command and $option" "有两个命令：$command 和 $option"
        command=$option
        shift
        continue
        ;;
      -h | --help) usage && exit 0 ;;
      -f | --follow) follow=yes && shift && continue ;;
      -y | --yes) assume_yes=yes && shift && continue ;;
      --version) command=version && shift && continue ;;
      --purge) purge=yes && shift && continue ;;
      --no-start) no_start=yes && shift && continue ;;
      --no-check) no_check=yes && shift && continue ;;
      --download) download=yes && shift && continue ;;
      --systemd) opt_systemd=yes && shift && continue ;;
      --no-systemd) opt_systemd=no && shift && continue ;;
      --prefix | --data-dir | --http-port | --https-port | --console-port | --bind | --console-bind | --base-url) ;;
      --key | --url | --region | --field | --azure-url | --*-key) ;;
      *) fail "unknown option or command \"$option\": see install.sh --help" "未知的选项或命令“$option”：见 install.sh --help" ;;
    esac
    value_of "$option" $#
    read_option "$option" "$2"
    shift 2
  done
}

read_option() {
  case "$1" in
    --prefix) opt_prefix=$2 ;;
    --base-url) opt_base_url=$2 ;;
    --data-dir) POSTHOUSE_DATA_DIR=$2 ;;
    --http-port) POSTHOUSE_HTTP_PORT=$2 ;;
    --https-port) POSTHOUSE_HTTPS_PORT=$2 ;;
    --console-port) POSTHOUSE_CONSOLE_PORT=$2 ;;
    --bind) POSTHOUSE_BIND=$2 ;;
    --console-bind) POSTHOUSE_CONSOLE_BIND=$2 ;;
    --key) pair "$2" --key && add_key "$name" "$value" ;;
    --url) pair "$2" --url && add_url "$name" "$value" ;;
    --region) pair "$2" --region && add_region "$name" "$value" ;;
    --field) pair "$2" --field && add_field "$name" "$value" ;;
    --azure-url) add_url azure "$2" ;;
    --dashscope-key | --deepseek-key | --openai-key | --doubao-key | --azure-key)
      name=${1#--}
      add_key "${name%-key}" "$2"
      ;;
    *) fail "unknown option \"$1\": for other vendors write --key vendor=…" "未知的选项“$1”：其他厂商请写 --key vendor=…" ;;
  esac
}

# ----------------------------------------------------------------- settings --

# saved prints a setting of the last run.
saved() {
  [ -f "$lib_dir/settings" ] || return 0
  sed -n "s/^$1=//p" "$lib_dir/settings" | tail -n 1
}

# place decides where things go: options, then environment, then the last run,
# then defaults.
place() {
  local home
  home=${HOME:-}
  if [ -n "$opt_prefix" ]; then
    prefix=$(absolute "$opt_prefix")
  elif [ -n "$script_dir" ] && [ -f "$script_dir/settings" ] && [ "${script_dir%/lib/posthouse}" != "$script_dir" ]; then
    prefix=${script_dir%/lib/posthouse}
  elif [ "$user_id" = 0 ]; then
    prefix=/usr/local
  else
    [ -n "$home" ] || fail "HOME is not set: name a folder with --prefix" "未设置 HOME：请用 --prefix 指定目录"
    prefix=$home/.local
  fi
  bin=$prefix/bin/posthouse
  lib_dir=$prefix/lib/posthouse

  data_dir=${POSTHOUSE_DATA_DIR:-$(saved POSTHOUSE_DATA_DIR)}
  if [ -z "$data_dir" ]; then
    data_dir=$prefix/share/posthouse
    [ "$user_id:$prefix" != 0:/usr/local ] || data_dir=/var/lib/posthouse
  fi
  data_dir=$(absolute "$data_dir")

  http_port=${POSTHOUSE_HTTP_PORT:-$(saved POSTHOUSE_HTTP_PORT)}
  https_port=${POSTHOUSE_HTTPS_PORT:-$(saved POSTHOUSE_HTTPS_PORT)}
  console_port=${POSTHOUSE_CONSOLE_PORT:-$(saved POSTHOUSE_CONSOLE_PORT)}
  bind=${POSTHOUSE_BIND-$(saved POSTHOUSE_BIND)}
  console_bind=${POSTHOUSE_CONSOLE_BIND:-$(saved POSTHOUSE_CONSOLE_BIND)}
  base_url=${opt_base_url:-$(saved POSTHOUSE_BASE_URL)}
  service=${opt_systemd:-${POSTHOUSE_SYSTEMD:-$(saved POSTHOUSE_SYSTEMD)}}
  console_bind_known=$console_bind
  http_port=${http_port:-8080}
  https_port=${https_port:-8443}
  console_port=${console_port:-8001}
  console_bind=${console_bind:-127.0.0.1}
  base_url=${base_url:-https://github.com/posthouse/posthouse/releases/latest/download}
  base_url=${base_url%/}
  unit_dir=${POSTHOUSE_UNIT_DIR:-/etc/systemd/system}
  log_file=$data_dir/posthouse.log
  pid_file=$data_dir/posthouse.pid
}

# absolute makes a path absolute without needing it to exist.
absolute() {
  local path=$1
  case "$path" in
    [~]/*) path=${HOME:-}/${path#?/} ;;
  esac
  case "$path" in
    /*) ;;
    *) path=$PWD/$path ;;
  esac
  while [ "${path%/}" != "$path" ] && [ "$path" != / ]; do path=${path%/}; done
  printf '%s' "$path"
}

settings_text() {
  cat <<END
POSTHOUSE_DATA_DIR=$data_dir
POSTHOUSE_HTTP_PORT=$http_port
POSTHOUSE_HTTPS_PORT=$https_port
POSTHOUSE_CONSOLE_PORT=$console_port
POSTHOUSE_BIND=$bind
POSTHOUSE_CONSOLE_BIND=$console_bind
POSTHOUSE_BASE_URL=$base_url
POSTHOUSE_SYSTEMD=$service
END
}

# decide_service chooses between systemd and a background process.
decide_service() {
  if [ -z "$service" ]; then
    service=no
    if [ "$user_id" = 0 ] && [ -d /run/systemd/system ] && have systemctl; then
      service=yes
    fi
  fi
  [ "$service" != yes ] || have systemctl || fail "--systemd was asked for, but there is no systemctl here" "指定了 --systemd，但这里没有 systemctl"
}

# ---------------------------------------------------------------- preflight --

check_settings() {
  local text
  for text in "$prefix" "$data_dir" "$bind" "$console_bind" "$base_url"; do
    case "$text" in
      *[[:cntrl:]]*) fail "a path or address holds a line break or control character" "路径或地址含有换行或控制字符" ;;
    esac
  done
  case "$data_dir" in
    / | /usr | /etc | /var | /home | /root | "${HOME:-/}" | "$prefix")
      fail "$data_dir cannot be the data folder: name one for Posthouse alone with --data-dir" \
        "$data_dir 不能作为数据目录：请用 --data-dir 指定一个专用目录" ;;
  esac
  check_port --http-port "$http_port"
  check_port --https-port "$https_port"
  check_port --console-port "$console_port"
  same_port "$http_port" "$https_port"
  same_port "$http_port" "$console_port"
  same_port "$https_port" "$console_port"
}

check_port() {
  case "$2" in
    '' | *[!0-9]* | ??????*) fail "$1 must be a number from 0 to 65535, not \"$2\"" "$1 必须是 0 到 65535 之间的数字，而不是“$2”" ;;
  esac
  [ "$2" -le 65535 ] || fail "$1 must be a number from 0 to 65535, not $2" "$1 必须是 0 到 65535 之间的数字，而不是 $2"
}

same_port() {
  [ "$1" = 0 ] || [ "$1" != "$2" ] || fail "port $1 is asked for twice: choose three different ones" "端口 $1 被使用了两次：请选择三个不同的端口"
}

# port_open says whether something listens on a port of this machine.
port_open() {
  (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

check_ports_free() {
  local row option port
  for row in "--http-port $http_port" "--https-port $https_port" "--console-port $console_port"; do
    option=${row% *}
    port=${row#* }
    [ "$port" = 0 ] && continue
    if [ -n "$was_running" ] && old_settings owns_port "$port"; then continue; fi
    if port_open "$port"; then
      fail "port $port is in use by another program: stop it, or choose another with $option" \
        "端口 $port 已被其他程序占用：请停止该程序，或用 $option 换一个端口"
    fi
  done
}

# shellcheck disable=SC2317  # reached by old_settings alone
# owns_port: the running Posthouse of this installation listens there.
owns_port() {
  [ "$(address_port proxy_http)" = "$1" ] || [ "$(address_port proxy_https)" = "$1" ] || [ "$(address_port console)" = "$1" ]
}

# check_space wants room for the program and a little data.
check_space() {
  local need=$((${POSTHOUSE_MIN_FREE_MB:-200} * 1024)) path=$1 free
  while [ ! -d "$path" ]; do path=$(dirname -- "$path"); done
  free=$(df -Pk "$path" 2>/dev/null | awk 'NR == 2 { print $4 }')
  case "$free" in
    '' | *[!0-9]*) return 0 ;;
  esac
  [ "$free" -ge "$need" ] ||
    fail "only $((free / 1024)) MB are free at $path, $((need / 1024)) MB are needed" "$path 只剩 $((free / 1024)) MB，至少需要 $((need / 1024)) MB"
}

detect_platform() {
  case "$(uname -s)" in
    Linux) os=linux ;;
    Darwin) os=darwin ;;
    *) fail "$(uname -s) is not supported: use Linux, macOS, WSL or the container image" "不支持 $(uname -s)：请使用 Linux、macOS、WSL 或容器镜像" ;;
  esac
  case "$(uname -m)" in
    x86_64 | amd64) arch=amd64 ;;
    aarch64 | arm64) arch=arm64 ;;
    *) fail "there is no release for $(uname -m): amd64 and arm64 are supported" "没有适用于 $(uname -m) 的发行版：仅支持 amd64 和 arm64" ;;
  esac
}

# --------------------------------------------------------------- the program --

# in_checkout: the script lies in this project's source.
in_checkout() {
  [ -z "$download" ] && [ -n "$script_dir" ] && [ -f "$script_dir/go.mod" ] &&
    grep -q '^module github.com/posthouse/posthouse$' "$script_dir/go.mod"
}

# stage_program puts the new program and this script into $stage.
stage_program() {
  made_dir "$prefix/bin"
  made_dir "$lib_dir"
  stage=$(mktemp -d "$lib_dir/new.XXXXXX" 2>/dev/null) ||
    fail "cannot write to $lib_dir: run as root, or choose another place with --prefix" "无法写入 $lib_dir：请用 root 运行，或用 --prefix 指定其他位置"
  if in_checkout; then
    build_program
  else
    fetch_program
  fi
  chmod 755 "$stage/posthouse" "$stage/install.sh"
  version=$(version_of "$stage/posthouse")
  [ -n "$version" ] || fail "the program does not run on this machine ($os/$arch)" "该程序无法在这台机器上运行（$os/$arch）"
}

# version_of prints a program's version: the second word of what it says.
version_of() {
  "$1" version </dev/null 2>/dev/null | awk 'NR == 1 { print $2 }'
}

build_program() {
  local tag commit
  have go || fail "Go is needed to build from source: install it from https://go.dev/dl, or use --download" \
    "从源码构建需要 Go：请从 https://go.dev/dl 安装，或使用 --download"
  tag=$(git -C "$script_dir" describe --tags --always --dirty 2>/dev/null) || tag=dev
  commit=$(git -C "$script_dir" rev-parse --short=12 HEAD 2>/dev/null) || commit=unknown
  step "building $tag with Go" "正在用 Go 构建 $tag"
  (
    cd -- "$script_dir" &&
      CGO_ENABLED=0 go build -trimpath -buildvcs=false -tags nomsgpack \
        -ldflags "-s -w -X main.version=$tag -X main.commit=$commit" \
        -o "$stage/posthouse" ./cmd/posthouse </dev/null >"$stage/build.log" 2>&1
  ) || {
    cat -- "$stage/build.log" >&2
    fail "the build failed (see above)" "构建失败（见上）"
  }
  cp -- "$script_dir/install.sh" "$stage/install.sh"
}

# fetch saves a URL in a file.
fetch() {
  if have curl; then
    curl -fsSL --retry 2 --connect-timeout 15 -o "$2" "$1" </dev/null
  else
    wget -q -T 30 -O "$2" "$1" </dev/null
  fi
}

sha256_of() {
  if have sha256sum; then
    sha256sum <"$1" | cut -d ' ' -f 1
  elif have shasum; then
    shasum -a 256 <"$1" | cut -d ' ' -f 1
  else
    openssl dgst -sha256 <"$1" | sed 's/.* //'
  fi
}

fetch_program() {
  local archive=posthouse_${os}_${arch}.tar.gz want got
  have curl || have wget || fail "curl or wget is needed to download a release" "下载发行版需要 curl 或 wget"
  have sha256sum || have shasum || have openssl || fail "sha256sum, shasum or openssl is needed to check the download" "校验下载需要 sha256sum、shasum 或 openssl"
  have tar || fail "tar is needed to unpack a release" "解包需要 tar"
  step "downloading $base_url/$archive" "正在下载 $base_url/$archive"
  fetch "$base_url/checksums.txt" "$stage/checksums.txt" 2>/dev/null ||
    fail "cannot download $base_url/checksums.txt: check the network, or name another place with --base-url" \
      "无法下载 $base_url/checksums.txt：请检查网络，或用 --base-url 指定其他地址"
  want=$(awk -v name="$archive" '{ sub(/^\*/, "", $2) } $2 == name { print tolower($1); exit }' "$stage/checksums.txt")
  [ "${#want}" = 64 ] || fail "$base_url/checksums.txt has no SHA-256 for $archive" "$base_url/checksums.txt 中没有 $archive 的 SHA-256"
  fetch "$base_url/$archive" "$stage/$archive" 2>/dev/null || fail "cannot download $base_url/$archive" "无法下载 $base_url/$archive"
  got=$(sha256_of "$stage/$archive")
  [ "$got" = "$want" ] || fail "the checksum of $archive is wrong (got $got, want $want): nothing was installed" \
    "$archive 的校验和不符（得到 $got，应为 $want）：未安装任何内容"
  tar -xzf "$stage/$archive" -C "$stage" posthouse install.sh 2>/dev/null ||
    fail "$archive does not hold posthouse and install.sh" "$archive 中没有 posthouse 和 install.sh"
}

# ------------------------------------------------------------ provider keys --

# list_vendors saves the catalogue, one vendor a line, fields parted by \037
# (bash's read would swallow empty fields between tabs).
list_vendors() {
  "$stage/posthouse" vendors </dev/null | tr '\t' '\037' >"$stage/vendors" || fail "the program cannot list its vendors" "该程序无法列出厂商"
}

# vendor_row puts a vendor's row into $v_*.
vendor_row() {
  local id en zh url fields
  while IFS=$'\037' read -r id en zh url _ fields; do
    if [ "$id" = "$1" ]; then
      v_name=$(t "$en" "${zh:-$en}") v_url=$url v_fields=$fields
      return 0
    fi
  done <"$stage/vendors"
  return 1
}

# settle_keys replaces short names by catalogue ids and refuses unknown vendors.
settle_keys() {
  local i=0
  while [ "$i" -lt "${#key_vendor[@]}" ]; do
    settle_vendor "$i"
    i=$((i + 1))
  done
}

settle_vendor() {
  local id=${key_vendor[$1]}
  vendor_row "$id" || fail "no vendor is called \"$id\": see \"posthouse vendors\", or use custom with --url custom=…" \
    "没有名为“$id”的厂商：见 posthouse vendors，或使用 custom 并加上 --url custom=…"
}

# check_key_live tries a key at its vendor; $verdict is what came of it.
check_key_live() {
  local i=$1 line
  set -- check-key --vendor "${key_vendor[$i]}"
  [ -z "${key_url[$i]}" ] || set -- "$@" --base-url "${key_url[$i]}"
  [ -z "${key_region[$i]}" ] || set -- "$@" --region "${key_region[$i]}"
  while IFS= read -r line; do
    [ -z "$line" ] || set -- "$@" --field "$line"
  done <<END
${key_fields[$i]}
END
  verdict=$(printf '%s' "${key_secret[$i]}" | "$stage/posthouse" "$@" 2>&1) && return 0
  verdict=$(printf '%s' "$verdict" | tail -n 1)
  return 1
}

# check_given_keys tries the keys that came by options or environment. A key
# that fails is kept: the network here may not be the network it will run in.
check_given_keys() {
  local i=0
  [ -z "$no_check" ] || return 0
  while [ "$i" -lt "${#key_vendor[@]}" ]; do
    if [ -n "${key_wanted[$i]}" ]; then
      if check_key_live "$i"; then
        step "${key_vendor[$i]}: $verdict"
      else
        warn "${key_vendor[$i]}: $verdict (kept; change it in the console)" "${key_vendor[$i]}：$verdict（已保留，可在控制台修改）"
      fi
    fi
    i=$((i + 1))
  done
}

# ask_settings asks what a first installation wants to know.
ask_settings() {
  [ -z "$console_bind_known" ] || return 0
  {
    say "Who may open the console (port $console_port)?" "谁可以打开控制台（端口 $console_port）？"
    say "  1) this machine only (recommended)" "  1) 仅限本机（推荐）"
    say "  2) everyone who can reach this machine" "  2) 所有能访问本机的人"
  } >/dev/tty
  ask "$(t '[1] ' '[1] ')"
  case "$answer" in
    2) console_bind=0.0.0.0 ;;
  esac
}

# ask_keys offers the catalogue and takes a key for each vendor chosen.
ask_keys() {
  local words word i=0 id en zh rest menu=()
  {
    printf '\n'
    say "Which AI vendors do you have keys for?" "您有哪些 AI 厂商的密钥？"
  } >/dev/tty
  while IFS=$'\037' read -r rest id en zh; do
    i=$((i + 1))
    menu[i]=$id
    printf '  %2d) %s\n' "$i" "$(t "$en" "${zh:-$en}")" >/dev/tty
  done <<END
$(popular_vendors)
END
  ask "$(t 'Numbers or ids, parted by spaces ("list" shows every id, Enter skips): ' '请输入编号或 id，用空格分隔（list 列出全部 id，回车跳过）：')"
  if [ "$answer" = list ]; then
    while IFS=$'\037' read -r id en zh rest; do
      printf '  %-20s %s\n' "$id" "$(t "$en" "${zh:-$en}")" >/dev/tty
    done <"$stage/vendors"
    ask "$(t 'Ids, parted by spaces: ' '请输入 id，用空格分隔：')"
  fi
  words=$(printf '%s' "$answer" | tr ',' ' ')
  set -f
  for word in $words; do
    case "$word" in
      *[!0-9]*) ;;
      *) word=${menu[10#$word]:-$word} ;;
    esac
    ask_key "$word"
  done
  set +f
}

# popular_vendors prints rank, id and names of the vendors offered first.
popular_vendors() {
  awk -F '\037' '$5 + 0 > 0 { printf "%d\037%s\037%s\037%s\n", $5, $1, $2, $3 }' "$stage/vendors" | sort -n | head -n 12
}

# ask_key takes what one vendor needs and its key, and tries it. Vendors that
# give out no keys (servers of one's own) are asked for an address instead.
ask_key() {
  local vendor=$1 field question
  if ! vendor_row "$vendor"; then
    say "There is no vendor \"$vendor\"." "没有厂商“$vendor”。" >/dev/tty
    return 0
  fi
  printf '\n%s\n' "$v_name" >/dev/tty
  [ -z "$v_url" ] || say "  get a key: $v_url" "  获取密钥：$v_url" >/dev/tty
  key_entry "$vendor"
  [ -n "$v_url" ] || ask_into_entry "$(t '  base URL (Enter: the usual one): ' '  地址（回车使用默认值）：')" base_url
  if [ "$vendor" = custom ] && [ -z "${key_url[$at]}" ]; then
    say "  skipped: it has no usual address" "  已跳过：没有默认地址" >/dev/tty
    return 0
  fi
  for field in $(printf '%s' "$v_fields" | tr ',' ' '); do
    ask_into_entry "  $field: " "$field"
  done
  question=$(t '  key (not shown, Enter skips): ' '  密钥（不显示，回车跳过）：')
  [ -n "$v_url" ] || question=$(t '  key (not shown, Enter if it has none): ' '  密钥（不显示，没有则回车）：')
  while :; do
    ask_hidden "$question"
    answer=$(printf '%s' "$answer" | tr -d '[:cntrl:] ')
    if [ -z "$answer" ] && [ -n "$v_url" ]; then
      forget_entry "$at"
      say "  skipped" "  已跳过" >/dev/tty
      return 0
    fi
    key_secret[at]=$answer
    key_wanted[at]=yes
    [ -z "$no_check" ] || return 0
    if check_key_live "$at"; then
      printf '  %s\n' "$verdict" >/dev/tty
      return 0
    fi
    printf '  %s\n' "$verdict" >/dev/tty
    ask "$(t '  k) keep it anyway  r) type it again  s) skip [r]: ' '  k) 仍然保留  r) 重新输入  s) 跳过 [r]：')"
    case "$answer" in
      k | K) return 0 ;;
      s | S)
        forget_entry "$at"
        return 0
        ;;
    esac
  done
}

# ask_into_entry asks for a setting of the entry at hand. Whoever answers with
# a URL means the vendor's address, whatever was asked for.
ask_into_entry() {
  ask "$1"
  answer=$(printf '%s' "$answer" | tr -d '[:cntrl:]')
  case "$answer" in
    '') ;;
    http://?* | https://?*) key_url[at]=$answer ;;
    *)
      if [ "$2" = base_url ]; then
        key_url[at]=https://$answer
        ! private_url "${key_url[$at]}" || key_url[at]=http://$answer
      else
        key_fields[at]="${key_fields[at]}$2=$answer
"
      fi
      ;;
  esac
}

# quoted writes a text as a YAML string.
quoted() {
  local text=$1
  text=${text//\\/\\\\}
  text=${text//\"/\\\"}
  printf '"%s"' "$text"
}

# private_url: the address lies on this machine or its own network. Giving one
# here is the admin's word that it is meant.
private_url() {
  local host=${1#*://}
  host=${host%%/*}
  case "$host" in
    localhost | localhost:* | *.local | *.local:* | 127.* | 10.* | 192.168.* | '[::1]'* | '[fd'*) return 0 ;;
    172.1[6-9].* | 172.2[0-9].* | 172.3[01].*) return 0 ;;
  esac
  return 1
}

# document prints the configuration document: the providers there are, which
# would else be removed, with what was given now. It goes to the program by a
# pipe and never touches the disk. $1 is the exported configuration, if any.
document() {
  local i=0 line item='' merged=' '
  printf 'providers:\n'
  while IFS= read -r line; do
    case "$line" in
      '  - '*)
        print_item "$item"
        item=
        ;;
      '  '*) ;;
      *) continue ;;
    esac
    item=$item$line$'\n'
  done <<END
$(printf '%s\n' "$1" | awk '/^[^ ]/ { inside = /^providers:/ } inside')
END
  print_item "$item"
  while [ "$i" -lt "${#key_vendor[@]}" ]; do
    if [ -n "${key_wanted[$i]}" ] && ! is_among "$i" "$merged"; then
      printf '  - name: %s\n    vendor: %s\n' "$(quoted "${key_vendor[$i]}")" "$(quoted "${key_vendor[$i]}")"
      print_given "$i"
      [ -z "${key_secret[$i]}" ] || printf '    keys:\n'
      print_secret "$i"
    fi
    i=$((i + 1))
  done
}

# is_among: a word is among those of a list that begins and ends with a space.
is_among() {
  case "$2" in
    *" $1 "*) return 0 ;;
  esac
  return 1
}

# print_item prints a provider there is already, with what was given for it now.
print_item() {
  local line given='' section='' skip=''
  [ -n "$1" ] || return 0
  given=$(given_for "$1")
  [ -z "$given" ] || merged="$merged$given "
  while IFS= read -r line; do
    case "$line" in
      '') continue ;;
      '    '[a-z]*)
        section=${line%%:*}
        section=${section#    }
        skip=
        [ -z "$given" ] || ! replaces "$section" "$given" || skip=yes
        ;;
      '      - '*)
        [ "$section" != keys ] || skip=
        case "$section,$given,$line" in
          keys,?*,*'- name: default' | keys,?*,*'- name: default '*) [ -z "${key_secret[$given]}" ] || skip=yes ;;
        esac
        ;;
    esac
    [ -n "$skip" ] || printf '%s\n' "$line"
    if [ "$line" = '    keys:' ] && [ -n "$given" ]; then print_secret "$given"; fi
  done <<END
$1
END
  [ -n "$given" ] || return 0
  print_given "$given"
  case "$1" in
    *$'\n    keys:\n'*) ;;
    *)
      [ -z "${key_secret[$given]}" ] || printf '    keys:\n'
      print_secret "$given"
      ;;
  esac
}

# given_for prints the number of the entry given for an existing provider.
given_for() {
  local i=0 called
  called=$(printf '%s' "$1" | sed -n "1s/^  - name: *[\"']*\\([a-z0-9._-]*\\).*/\\1/p")
  while [ "$i" -lt "${#key_vendor[@]}" ]; do
    if [ -n "${key_wanted[$i]}" ] && [ "${key_vendor[$i]}" = "$called" ]; then
      printf '%s' "$i"
      return 0
    fi
    i=$((i + 1))
  done
}

# replaces: what was given takes the place of a provider's setting.
replaces() {
  case "$1" in
    base_url | allow_private) [ -n "${key_url[$2]}" ] ;;
    region) [ -n "${key_region[$2]}" ] ;;
    fields) [ -n "${key_fields[$2]}" ] ;;
    *) return 1 ;;
  esac
}

# print_given prints the settings of an entry but its key.
print_given() {
  local line
  if [ -n "${key_url[$1]}" ]; then
    printf '    base_url: %s\n' "$(quoted "${key_url[$1]}")"
    ! private_url "${key_url[$1]}" || printf '    allow_private: true\n'
  fi
  [ -z "${key_region[$1]}" ] || printf '    region: %s\n' "$(quoted "${key_region[$1]}")"
  if [ -n "${key_fields[$1]}" ]; then
    printf '    fields:\n'
    printf '%s' "${key_fields[$1]}" | while IFS= read -r line; do
      printf '      %s: %s\n' "${line%%=*}" "$(quoted "${line#*=}")"
    done
  fi
}

print_secret() {
  [ -z "${key_secret[$1]}" ] || printf '      - name: default\n        value: %s\n' "$(quoted "${key_secret[$1]}")"
}

# has_keys: some provider is wanted.
has_keys() {
  case "${key_wanted[*]+${key_wanted[*]}}" in
    *yes*) return 0 ;;
  esac
  return 1
}

apply_keys() {
  local out before=
  has_keys || return 0
  if [ -f "$data_dir/config.db" ]; then
    before=$("$stage/posthouse" export --data-dir "$data_dir" </dev/null) || fail "the present configuration cannot be read: nothing was changed" "无法读取当前配置：未做任何更改"
  fi
  step "storing the provider keys, sealed" "正在加密保存厂商密钥"
  out=$(umask 077 && document "$before" | "$stage/posthouse" apply -f - --data-dir "$data_dir" 2>&1) || {
    printf '%s\n' "$out" >&2
    fail "the provider keys were refused (see above): nothing was changed" "厂商密钥未被接受（见上）：未做任何更改"
  }
}

# ------------------------------------------------------------------ running --

# address_port prints the port of one listener of the running program.
address_port() {
  local address
  [ -f "$data_dir/run.json" ] || return 0
  address=$(sed -n 's/.*"'"$1"'"[[:space:]]*:[[:space:]]*"\([^"]*\)".*/\1/p' "$data_dir/run.json" | head -n 1)
  address=${address%/}
  printf '%s' "${address##*:}"
}

# running_pid prints the process id of the background process, if it runs.
running_pid() {
  local pid args
  pid=$(cat -- "$pid_file" 2>/dev/null) || return 1
  case "$pid" in
    '' | *[!0-9]*) return 1 ;;
  esac
  kill -0 "$pid" 2>/dev/null || return 1
  if args=$(ps -o args= -p "$pid" 2>/dev/null) && [ -n "$args" ]; then
    case "$args" in
      *posthouse*serve*) ;;
      *) return 1 ;;
    esac
  fi
  printf '%s' "$pid"
}

is_running() {
  if [ "$service" = yes ]; then
    systemctl is-active --quiet posthouse.service 2>/dev/null
  else
    running_pid >/dev/null
  fi
}

# serve_environment prints what the program is started with, NAME=VALUE a line.
serve_environment() {
  settings_text | grep -v -e '^POSTHOUSE_BASE_URL=' -e '^POSTHOUSE_SYSTEMD='
}

start_service() {
  rm -f -- "$data_dir/run.json"
  if [ "$service" = yes ]; then
    systemctl start posthouse.service || return 1
  else
    start_background
  fi
  wait_ready
}

start_background() {
  local line
  if [ -f "$log_file" ] && [ "$(wc -c <"$log_file")" -gt 20971520 ]; then
    mv -f -- "$log_file" "$log_file.1"
  fi
  (
    umask 077
    while IFS= read -r line; do
      export "${line?}"
    done <<END
$(serve_environment)
END
    cd / || exit 1
    # What serve prints for a person (the setup link) does not belong in a log.
    nohup "$bin" serve </dev/null >/dev/null 2>>"$log_file" &
    printf '%s\n' "$!" >"$pid_file"
  )
}

# wait_ready waits until the program says it is ready, or has died.
wait_ready() {
  local left=$((${POSTHOUSE_WAIT_SECONDS:-60} * 5))
  while [ "$left" -gt 0 ]; do
    if [ -f "$data_dir/run.json" ] && "$bin" health --data-dir "$data_dir" </dev/null >/dev/null 2>&1; then
      return 0
    fi
    is_running || [ "$left" -gt "$((${POSTHOUSE_WAIT_SECONDS:-60} * 5 - 5))" ] || return 1
    pause
    left=$((left - 1))
  done
  return 1
}

pause() { sleep 0.2 2>/dev/null || sleep 1; }

stop_service() {
  local pid left=225
  if [ "$service" = yes ]; then
    systemctl stop posthouse.service
    return
  fi
  pid=$(running_pid) || {
    rm -f -- "$pid_file"
    return 0
  }
  kill -TERM "$pid" 2>/dev/null
  while running_pid >/dev/null && [ "$left" -gt 0 ]; do
    pause
    left=$((left - 1))
    # Open streams have 30 s to finish; a second signal ends them.
    [ "$left" != 25 ] || kill -TERM "$pid" 2>/dev/null
  done
  if running_pid >/dev/null; then kill -KILL "$pid" 2>/dev/null; fi
  rm -f -- "$pid_file"
}

show_log_end() {
  if [ "$service" = yes ]; then
    journalctl -u posthouse.service -n 15 --no-pager 2>/dev/null
  elif [ -f "$log_file" ]; then
    tail -n 15 -- "$log_file"
  fi
}

# ------------------------------------------------------------------ systemd --

# unit_text quotes a path for a unit file.
unit_text() {
  local text=$1
  text=${text//\\/\\\\}
  text=${text//\"/\\\"}
  text=${text//%/%%}
  printf '"%s"' "$text"
}

service_user() {
  case "$bin/$data_dir/" in
    /root/* | *//root/*)
      warn "the service runs as root, for only root can read /root: choose another --prefix and --data-dir" "服务将以 root 运行，因为只有 root 能读取 /root：请改用其他 --prefix 和 --data-dir"
      run_as=root
      return 0
      ;;
  esac
  if ! id posthouse >/dev/null 2>&1; then
    useradd --system --user-group --no-create-home --home-dir "$data_dir" --shell /usr/sbin/nologin posthouse >/dev/null 2>&1 || {
      warn "no user posthouse could be made: the service runs as root" "无法创建用户 posthouse：服务将以 root 运行"
      run_as=root
      return 0
    }
  fi
  run_as=posthouse
}

unit() {
  local home=yes tmp=yes line
  # A service that cannot see its own program or data does not start.
  case "$bin/$data_dir/" in
    /home/* | *//home/* | /root/* | *//root/*) home=no ;;
    /tmp/* | *//tmp/* | /var/tmp/* | *//var/tmp/*) tmp=no ;;
  esac
  cat <<END
[Unit]
Description=Posthouse AI gateway
After=network-online.target
Wants=network-online.target

[Service]
ExecStart=$(unit_text "$bin") serve
END
  serve_environment | while IFS= read -r line; do
    printf 'Environment=%s\n' "$(unit_text "$line")"
  done
  cat <<END
User=$run_as
Restart=on-failure
RestartSec=2
TimeoutStopSec=45
LimitNOFILE=65536
UMask=0077
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=$home
ReadWritePaths=$(unit_text "$data_dir")
PrivateTmp=$tmp
PrivateDevices=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
END
  if [ "$http_port" -lt 1024 ] || [ "$https_port" -lt 1024 ] || [ "$console_port" -lt 1024 ]; then
    printf 'CapabilityBoundingSet=CAP_NET_BIND_SERVICE\nAmbientCapabilities=CAP_NET_BIND_SERVICE\n'
  else
    printf 'CapabilityBoundingSet=\n'
  fi
  printf '\n[Install]\nWantedBy=multi-user.target\n'
}

# check_unit refuses to take over the service of another installation.
check_unit() {
  local file=$unit_dir/posthouse.service
  [ "$service" = yes ] && [ -f "$file" ] || return 0
  grep -qF "ExecStart=$(unit_text "$bin") " "$file" ||
    fail "$file belongs to another installation: remove that first, or use --no-systemd" "$file 属于另一个安装：请先卸载它，或使用 --no-systemd"
}

install_unit() {
  [ "$service" = yes ] || return 0
  service_user
  [ "$run_as" = root ] || chown -R "$run_as:" "$data_dir"
  unit >"$unit_dir/posthouse.service" || return 1
  chmod 644 "$unit_dir/posthouse.service"
  systemctl daemon-reload && systemctl enable --quiet posthouse.service
}

# ----------------------------------------------------------------- commands --

# keep_old sets aside what an upgrade replaces, so that it can be put back.
keep_old() {
  local file
  mkdir -p -- "$stage/old"
  for file in "$bin" "$lib_dir/settings" "$lib_dir/install.sh" "$unit_dir/posthouse.service"; do
    [ ! -f "$file" ] || cp -p -- "$file" "$stage/old/"
  done
  for file in "$data_dir"/config.db*; do
    [ ! -f "$file" ] || cp -p -- "$file" "$stage/old/" || fail "cannot set the old configuration aside: is the disk full?" "无法备份旧配置：磁盘是否已满？"
  done
}

put_back_data() {
  local file
  [ -f "$stage/old/config.db" ] || return 0
  rm -f -- "$data_dir"/config.db*
  for file in "$stage/old"/config.db*; do cp -p -- "$file" "$data_dir/"; done
}

# put_back undoes a failed upgrade and starts the old program again.
put_back() {
  stop_service
  put_back_data
  cp -p -- "$stage/old/posthouse" "$bin.old" && mv -f -- "$bin.old" "$bin"
  [ ! -f "$stage/old/settings" ] || cp -p -- "$stage/old/settings" "$lib_dir/settings"
  [ ! -f "$stage/old/install.sh" ] || cp -p -- "$stage/old/install.sh" "$lib_dir/install.sh"
  use_saved_settings
  if [ -f "$stage/old/posthouse.service" ] && [ "$service" = yes ]; then
    cp -p -- "$stage/old/posthouse.service" "$unit_dir/posthouse.service"
    systemctl daemon-reload
  fi
  [ -z "$was_running" ] || start_service
}

# use_saved_settings forgets this run's options for those of the last run.
use_saved_settings() {
  unset POSTHOUSE_DATA_DIR POSTHOUSE_HTTP_PORT POSTHOUSE_HTTPS_PORT POSTHOUSE_CONSOLE_PORT POSTHOUSE_BIND POSTHOUSE_CONSOLE_BIND POSTHOUSE_SYSTEMD
  opt_base_url='' opt_systemd=''
  opt_prefix=$prefix
  place
  decide_service
}

commit() {
  settings_text >"$stage/settings" || return 1
  chmod 755 "$stage/posthouse"
  mv -f -- "$stage/posthouse" "$bin" || return 1
  mv -f -- "$stage/install.sh" "$lib_dir/install.sh" || return 1
  mv -f -- "$stage/settings" "$lib_dir/settings" || return 1
  committed=yes
  install_unit
}

prepare_data() {
  if [ ! -d "$data_dir" ]; then
    fresh_data=yes
    made_dir "$data_dir" 700
  elif [ -z "$(ls -A -- "$data_dir" 2>/dev/null)" ]; then
    fresh_data=yes
  fi
  [ -w "$data_dir" ] || fail "cannot write to $data_dir: choose another folder with --data-dir" "无法写入 $data_dir：请用 --data-dir 指定其他目录"
  chmod 700 "$data_dir"
  # The mark says that uninstall --purge may remove the whole folder.
  [ -z "$fresh_data" ] || printf 'This folder belongs to Posthouse alone.\n' >"$data_dir/.posthouse"
}

# unchanged: the same program with the same settings is installed already.
unchanged() {
  [ -f "$bin" ] && cmp -s -- "$bin" "$stage/posthouse" && [ "$(settings_text)" = "$(cat -- "$lib_dir/settings" 2>/dev/null)" ] &&
    cmp -s -- "$lib_dir/install.sh" "$stage/install.sh" && ! has_keys
}

install_posthouse() {
  local upgrade=
  detect_platform
  check_settings
  decide_service
  check_unit
  [ ! -f "$bin" ] || [ ! -f "$lib_dir/settings" ] || upgrade=yes
  if [ -n "$upgrade" ] && old_settings is_running; then was_running=yes; fi
  [ -n "$no_start" ] || check_ports_free
  check_space "$prefix"
  check_space "$data_dir"
  stage_program
  list_vendors
  settle_keys
  check_given_keys
  if [ -z "$assume_yes" ] && [ -z "$upgrade" ] && has_terminal; then
    ask_settings
    has_keys || ask_keys
  fi
  if [ -n "$upgrade" ] && unchanged; then
    committed=yes
    start_unless_running
    say "Posthouse $version is installed already; nothing was changed." "Posthouse $version 已安装，未做任何更改。"
    return 0
  fi
  prepare_data
  replace "$upgrade"
  [ -n "$no_start" ] || banner
}

start_unless_running() {
  if [ -n "$no_start" ] || is_running; then
    return 0
  fi
  start_service || not_ready
  banner
}

not_ready() {
  show_log_end >&2
  fail "Posthouse is installed but did not become ready (its log ends above): mend the cause, then run $lib_dir/install.sh start" \
    "Posthouse 已安装但未能就绪（日志末尾见上）：请排除原因后运行 $lib_dir/install.sh start"
}

# replace puts the new program in the place of the old one, if any, and starts it.
replace() {
  local upgrade=$1
  if [ -n "$upgrade" ]; then
    [ "$(saved POSTHOUSE_DATA_DIR)" = "$data_dir" ] ||
      warn "the data folder changes to $data_dir; what is in $(saved POSTHOUSE_DATA_DIR) stays there" "数据目录改为 $data_dir；$(saved POSTHOUSE_DATA_DIR) 中的内容保持不动"
    if [ -n "$was_running" ]; then
      step "stopping the running version" "正在停止当前版本"
      old_settings stop_service
      stopped_old=yes
    fi
    keep_old
  fi
  apply_keys
  step "installing Posthouse $version in $prefix" "正在将 Posthouse $version 安装到 $prefix"
  if commit && { [ -n "$no_start" ] || start_service; }; then
    return 0
  fi
  [ -n "$upgrade" ] || not_ready
  show_log_end >&2
  if put_back; then
    fail "the new version did not become ready (its log ends above): the previous one is back" "新版本未能就绪（日志末尾见上）：已恢复旧版本"
  fi
  fail "the new version did not become ready, and the previous one does not start either: see the log above" "新版本未能就绪，旧版本也无法启动：请查看上面的日志"
}

# old_settings runs something with the data folder and service of the last run.
old_settings() {
  local data_dir=$data_dir service=$service pid_file=$pid_file
  data_dir=$(saved POSTHOUSE_DATA_DIR)
  service=$(saved POSTHOUSE_SYSTEMD)
  pid_file=$data_dir/posthouse.pid
  "$@"
}

# installed fails unless there is an installation to work on.
installed() {
  if [ ! -f "$bin" ] || [ ! -f "$lib_dir/settings" ]; then
    fail "Posthouse is not installed in $prefix: name its place with --prefix" "$prefix 中没有安装 Posthouse：请用 --prefix 指定安装位置"
  fi
  decide_service
}

command_start() {
  installed
  if is_running; then
    say "Posthouse is running already." "Posthouse 已在运行。"
    return 0
  fi
  check_ports_free
  start_service || not_ready
  banner
}

command_stop() {
  installed
  if ! is_running; then
    say "Posthouse is not running." "Posthouse 未在运行。"
    return 0
  fi
  stop_service
  say "Posthouse has stopped." "Posthouse 已停止。"
}

command_status() {
  installed
  version=$(version_of "$bin")
  if ! is_running; then
    say "Posthouse $version is not running." "Posthouse $version 未在运行。"
    return 3
  fi
  if ! "$bin" health --data-dir "$data_dir" </dev/null >/dev/null 2>&1; then
    say "Posthouse $version is running but not ready: see install.sh logs." "Posthouse $version 正在运行但未就绪：请查看 install.sh logs。"
    return 4
  fi
  say "Posthouse $version is running and ready." "Posthouse $version 正在运行且已就绪。"
  print_addresses
}

command_logs() {
  installed
  if [ "$service" = yes ]; then
    set -- -u posthouse.service -n 200 --no-pager
    [ -z "$follow" ] || set -- "$@" -f
    journalctl "$@"
    return
  fi
  [ -f "$log_file" ] || fail "there is no log yet: $log_file" "还没有日志：$log_file"
  set -- -n 200
  [ -z "$follow" ] || set -- "$@" -f
  tail "$@" -- "$log_file"
}

command_update() {
  installed
  assume_yes=yes
  [ "$script_dir" != "$lib_dir" ] || download=yes
  install_posthouse
}

command_uninstall() {
  local mark=$data_dir/.posthouse
  installed
  if [ -n "$purge" ]; then
    [ -f "$mark" ] || [ ! -d "$data_dir" ] ||
      fail "$data_dir was not made by this script: remove it by hand, and uninstall without --purge" "$data_dir 不是由本脚本创建的：请手动删除，并在卸载时不使用 --purge"
    if [ -z "$assume_yes" ] && has_terminal; then
      ask "$(t "Remove all data in $data_dir? Type yes: " "删除 $data_dir 中的全部数据？请输入 yes：")"
      [ "$answer" = yes ] || fail "nothing was removed" "未删除任何内容"
    fi
  fi
  stop_service
  if [ "$service" = yes ] && [ -f "$unit_dir/posthouse.service" ]; then
    systemctl disable --quiet posthouse.service
    rm -f -- "$unit_dir/posthouse.service"
    systemctl daemon-reload
  fi
  rm -f -- "$bin"
  rm -rf -- "$lib_dir"
  if [ -n "$purge" ]; then
    rm -rf -- "$data_dir"
    say "Posthouse and its data are removed." "Posthouse 及其数据已删除。"
  else
    rm -f -- "$data_dir/run.json" "$pid_file"
    say "Posthouse is removed; its data stays in $data_dir." "Posthouse 已卸载；数据保留在 $data_dir。"
  fi
}

# ------------------------------------------------------------------- banner --

# first_model asks the proxy which models it serves and prints one to chat with.
first_model() {
  local port
  port=$(address_port proxy_http)
  {
    exec 3<>"/dev/tcp/127.0.0.1/$port" || return 0
    printf 'GET /v1/models HTTP/1.0\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3
    awk '{ gsub(/[,{}]/, "\n"); print }' <&3 | sed -n 's/^[[:space:]]*"id"[[:space:]]*:[[:space:]]*"\([^"\\]*\)".*/\1/p' |
      grep -v -i -e embed -e rerank -e image -e tts -e whisper -e audio -e dall-e -e moderation | head -n 1
    exec 3>&-
  } 2>/dev/null
}

print_addresses() {
  local token
  token=$(cat -- "$data_dir/setup-token" 2>/dev/null) || token=
  if [ -n "$token" ]; then
    printf '  %-10s http://localhost:%s/setup?t=%s\n' "$(t Console 控制台)" "$(address_port console)" "$token"
    say "             (this link makes the first admin; it works once)" "             （此链接用于创建第一个管理员，仅能使用一次）"
  else
    printf '  %-10s http://localhost:%s/\n' "$(t Console 控制台)" "$(address_port console)"
  fi
  printf '  %-10s http://localhost:%s/v1\n' "$(t Proxy 代理)" "$(address_port proxy_http)"
  printf '  %-10s https://localhost:%s/v1\n' '' "$(address_port proxy_https)"
}

banner() {
  local model
  model=$(first_model)
  printf '\n'
  say "Posthouse $version is ready." "Posthouse $version 已就绪。"
  printf '\n'
  print_addresses
  printf '\n'
  if [ -n "$model" ]; then
    say "Try it:" "试一试："
    printf '\n  curl http://localhost:%s/v1/chat/completions -H '\''Content-Type: application/json'\'' \\\n' "$(address_port proxy_http)"
    printf '    -d '\''{"model":"%s","messages":[{"role":"user","content":"%s"}]}'\''\n\n' "$model" "$(t 'Who are you?' '你是谁')"
  else
    say "Open the console and enter a provider's key; then any OpenAI client can use the proxy." "请打开控制台并填写厂商密钥，之后任何 OpenAI 客户端都可使用该代理。"
    printf '\n'
  fi
  printf '  %s %s start|stop|restart|status|logs|update|uninstall\n' "$(t Manage: 管理：)" "$(shell_quoted "$lib_dir/install.sh")"
  printf '  %s %s\n' "$(t Data: 数据：)" "$data_dir"
}

shell_quoted() {
  case "$1" in
    *[!A-Za-z0-9/._+-]*) printf "'%s'" "${1//\'/\'\\\'\'}" ;;
    *) printf '%s' "$1" ;;
  esac
}

# --------------------------------------------------------------------- main --

main() {
  # A trace (bash -x) would print keys.
  set +x
  set -u -o pipefail

  command='' opt_prefix='' opt_base_url='' opt_systemd=''
  assume_yes='' no_start='' no_check='' download='' purge='' follow=''
  answer='' hiding='' stage='' committed='' stopped_old='' fresh_data='' was_running='' data_dir='' version='' verdict='' run_as=''
  new_dirs=() key_vendor=() key_wanted=() key_region=() key_secret=() key_url=() key_fields=()
  script_file='' script_dir=''
  if [ -n "${BASH_SOURCE[0]:-}" ] && [ -f "${BASH_SOURCE[0]}" ]; then
    script_file=${BASH_SOURCE[0]}
    script_dir=$(cd -- "$(dirname -- "$script_file")" && pwd -P)
  fi
  user_id=$(id -u)

  read_environment
  read_options "$@"
  place
  trap clean_up EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM

  case "$command" in
    '' | install) install_posthouse ;;
    start) command_start ;;
    stop) command_stop ;;
    restart)
      installed
      stop_service
      command_start
      ;;
    status) command_status ;;
    logs) command_logs ;;
    update) command_update ;;
    uninstall) command_uninstall ;;
    version) installed && "$bin" version ;;
  esac
}

{ main "$@"; exit $?; }
