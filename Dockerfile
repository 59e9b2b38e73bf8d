# The image has its own Node, so the packages that bring one (optionalDependencies) stay out.
FROM node:26-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --omit=optional --no-audit --no-fund
# The SFU's media engine is mediasoup, whose worker is a program of its own: --build-arg MEDIA_WORKER=fetched has
# mediasoup's script download the one that was built for this system, and ends the build where it cannot. Without it
# whoever runs the image mounts one and names it with MEDIASOUP_WORKER_BIN, or has no SFU.
RUN npm install --no-save --save-prod --omit=dev --omit=optional --no-audit --no-fund \
  "mediasoup@$(node -p 'require("./package.json").peerDependencies.mediasoup')"
ARG MEDIA_WORKER=none
RUN if [ "$MEDIA_WORKER" = fetched ]; then cd node_modules/mediasoup && node npm-scripts.mjs postinstall; fi

FROM node:26-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=packages /app/node_modules ./node_modules
COPY package.json ./
COPY migrations ./migrations
COPY docs/statecharts ./docs/statecharts
COPY scripts ./scripts
COPY src ./src
USER node
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=3s --start-period=10s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 8080}/keep-alive`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "src/main.js"]
