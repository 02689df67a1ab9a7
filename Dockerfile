# syntax=docker/dockerfile:1

# The container image: one static program, the roots of trust and nothing else.
#
#   docker build -t posthouse .
#   docker run -p 8080:8080 -p 8443:8443 -p 127.0.0.1:8001:8001 -v posthouse:/data posthouse
#
# The first start prints the link that makes the first admin: docker logs.

FROM --platform=$BUILDPLATFORM golang:1.26-alpine AS build
ARG TARGETOS
ARG TARGETARCH
ARG VERSION=dev
ARG COMMIT=unknown
WORKDIR /src
# Modules first: they change less often than the code.
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -buildvcs=false -tags nomsgpack \
      -ldflags "-s -w -X main.version=$VERSION -X main.commit=$COMMIT" \
      -o /out/posthouse ./cmd/posthouse
# An empty folder with the right owner, which a named volume takes over.
RUN mkdir -p /out/data && chmod 700 /out/data

# Certificates of the public authorities, time zones and a user without rights.
FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /out/posthouse /usr/local/bin/posthouse
COPY --from=build /src/LICENSE /usr/share/doc/posthouse/LICENSE
COPY --from=build --chown=65532:65532 /out/data /data
USER 65532:65532
# Inside a container every interface is the container's own; what is reachable
# from outside is decided by -p.
ENV POSTHOUSE_DATA_DIR=/data \
    POSTHOUSE_BIND=0.0.0.0 \
    POSTHOUSE_CONSOLE_BIND=0.0.0.0
VOLUME /data
EXPOSE 8080 8443 8001
# "stop" drains for 30 s; give it 45: docker stop -t 45.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 CMD ["/usr/local/bin/posthouse", "health"]
ENTRYPOINT ["/usr/local/bin/posthouse"]
CMD ["serve"]
