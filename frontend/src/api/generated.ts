import { api } from "./base";
const injectedRtkApi = api.injectEndpoints({
  endpoints: (build) => ({
    listAgents: build.query<ListAgentsApiResponse, ListAgentsApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/agents`,
        params: {
          shared: queryArg.shared,
          limit: queryArg.limit,
          cursor: queryArg.cursor,
        },
      }),
    }),
    createAgent: build.mutation<CreateAgentApiResponse, CreateAgentApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/agents`,
        method: "POST",
        body: queryArg.agentSpec,
        headers: {
          "Idempotency-Key": queryArg["Idempotency-Key"],
        },
      }),
    }),
    listModels: build.query<ListModelsApiResponse, ListModelsApiArg>({
      query: () => ({ url: `/api/v1/agents/models/available` }),
    }),
    listAgentTypes: build.query<
      ListAgentTypesApiResponse,
      ListAgentTypesApiArg
    >({
      query: () => ({ url: `/api/v1/agents/types/available` }),
    }),
    deleteAgent: build.mutation<DeleteAgentApiResponse, DeleteAgentApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/agents/${encodeURIComponent(String(queryArg.agent))}`,
        method: "DELETE",
        headers: {
          "If-Match": queryArg["If-Match"],
        },
      }),
    }),
    getAgent: build.query<GetAgentApiResponse, GetAgentApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/agents/${encodeURIComponent(String(queryArg.agent))}`,
        headers: {
          "If-None-Match": queryArg["If-None-Match"],
        },
      }),
    }),
    changeAgent: build.mutation<ChangeAgentApiResponse, ChangeAgentApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/agents/${encodeURIComponent(String(queryArg.agent))}`,
        method: "PUT",
        body: queryArg.agentSpec,
        headers: {
          "If-Match": queryArg["If-Match"],
        },
      }),
    }),
    activateAgent: build.mutation<
      ActivateAgentApiResponse,
      ActivateAgentApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/agents/${encodeURIComponent(String(queryArg.agent))}/activate`,
        method: "POST",
      }),
    }),
    deactivateAgent: build.mutation<
      DeactivateAgentApiResponse,
      DeactivateAgentApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/agents/${encodeURIComponent(String(queryArg.agent))}/deactivate`,
        method: "POST",
      }),
    }),
    diffAgentVersions: build.query<
      DiffAgentVersionsApiResponse,
      DiffAgentVersionsApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/agents/${encodeURIComponent(String(queryArg.agent))}/diff`,
        params: {
          from: queryArg["from"],
          to: queryArg.to,
        },
      }),
    }),
    getAgentMetrics: build.query<
      GetAgentMetricsApiResponse,
      GetAgentMetricsApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/agents/${encodeURIComponent(String(queryArg.agent))}/metrics`,
        params: {
          since: queryArg.since,
        },
      }),
    }),
    rollbackAgent: build.mutation<
      RollbackAgentApiResponse,
      RollbackAgentApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/agents/${encodeURIComponent(String(queryArg.agent))}/rollback`,
        method: "POST",
        body: queryArg.rollback,
        headers: {
          "If-Match": queryArg["If-Match"],
          "Idempotency-Key": queryArg["Idempotency-Key"],
        },
      }),
    }),
    listAgentShares: build.query<
      ListAgentSharesApiResponse,
      ListAgentSharesApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/agents/${encodeURIComponent(String(queryArg.agent))}/shares`,
        params: {
          limit: queryArg.limit,
          cursor: queryArg.cursor,
        },
      }),
    }),
    unshareAgent: build.mutation<UnshareAgentApiResponse, UnshareAgentApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/agents/${encodeURIComponent(String(queryArg.agent))}/shares/${encodeURIComponent(String(queryArg.groupId))}`,
        method: "DELETE",
      }),
    }),
    shareAgent: build.mutation<ShareAgentApiResponse, ShareAgentApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/agents/${encodeURIComponent(String(queryArg.agent))}/shares/${encodeURIComponent(String(queryArg.groupId))}`,
        method: "PUT",
        body: queryArg.shareSpec,
      }),
    }),
    getAgentStatus: build.query<
      GetAgentStatusApiResponse,
      GetAgentStatusApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/agents/${encodeURIComponent(String(queryArg.agent))}/status`,
      }),
    }),
    listAgentVersions: build.query<
      ListAgentVersionsApiResponse,
      ListAgentVersionsApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/agents/${encodeURIComponent(String(queryArg.agent))}/versions`,
        params: {
          limit: queryArg.limit,
          cursor: queryArg.cursor,
        },
      }),
    }),
    getAgentVersion: build.query<
      GetAgentVersionApiResponse,
      GetAgentVersionApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/agents/${encodeURIComponent(String(queryArg.agent))}/versions/${encodeURIComponent(String(queryArg.version))}`,
      }),
    }),
    listAiCalls: build.query<ListAiCallsApiResponse, ListAiCallsApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/ai/calls`,
        params: {
          operation: queryArg.operation,
          limit: queryArg.limit,
          cursor: queryArg.cursor,
        },
      }),
    }),
    getAiCall: build.query<GetAiCallApiResponse, GetAiCallApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/ai/calls/${encodeURIComponent(String(queryArg.callId))}`,
      }),
    }),
    cancelAiCall: build.mutation<CancelAiCallApiResponse, CancelAiCallApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/ai/calls/${encodeURIComponent(String(queryArg.callId))}/cancel`,
        method: "POST",
      }),
    }),
    createEmbeddings: build.mutation<
      CreateEmbeddingsApiResponse,
      CreateEmbeddingsApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/ai/embeddings`,
        method: "POST",
        body: queryArg.embeddingSpec,
        headers: {
          "Idempotency-Key": queryArg["Idempotency-Key"],
          prefer: queryArg.prefer,
        },
      }),
    }),
    createImages: build.mutation<CreateImagesApiResponse, CreateImagesApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/ai/images`,
        method: "POST",
        body: queryArg.imageSpec,
        headers: {
          "Idempotency-Key": queryArg["Idempotency-Key"],
          prefer: queryArg.prefer,
        },
      }),
    }),
    listProviders: build.query<ListProvidersApiResponse, ListProvidersApiArg>({
      query: () => ({ url: `/api/v1/ai/providers` }),
    }),
    validateProvider: build.mutation<
      ValidateProviderApiResponse,
      ValidateProviderApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/ai/providers/${encodeURIComponent(String(queryArg.name))}/validate`,
        method: "POST",
        body: queryArg.request,
      }),
    }),
    countTokens: build.mutation<CountTokensApiResponse, CountTokensApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/ai/tokens/count`,
        method: "POST",
        body: queryArg.countRequest,
      }),
    }),
    createTranscription: build.mutation<
      CreateTranscriptionApiResponse,
      CreateTranscriptionApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/ai/transcriptions`,
        method: "POST",
        body: queryArg.body,
        headers: {
          "Idempotency-Key": queryArg["Idempotency-Key"],
          prefer: queryArg.prefer,
        },
      }),
    }),
    getAgentsPerformance: build.query<
      GetAgentsPerformanceApiResponse,
      GetAgentsPerformanceApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/analytics/agents/performance`,
        params: {
          agent: queryArg.agent,
          limit: queryArg.limit,
          cursor: queryArg.cursor,
          since: queryArg.since,
          until: queryArg.until,
          time_zone: queryArg.timeZone,
          user_id: queryArg.userId,
        },
      }),
    }),
    getDailyLatency: build.query<
      GetDailyLatencyApiResponse,
      GetDailyLatencyApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/analytics/latency/daily`,
        params: {
          agent: queryArg.agent,
          since: queryArg.since,
          until: queryArg.until,
          time_zone: queryArg.timeZone,
          user_id: queryArg.userId,
        },
      }),
    }),
    listMetrics: build.query<ListMetricsApiResponse, ListMetricsApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/analytics/metrics`,
        params: {
          name: queryArg.name,
          limit: queryArg.limit,
          cursor: queryArg.cursor,
          since: queryArg.since,
          until: queryArg.until,
          time_zone: queryArg.timeZone,
          user_id: queryArg.userId,
        },
      }),
    }),
    recordMetrics: build.mutation<
      RecordMetricsApiResponse,
      RecordMetricsApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/analytics/metrics/record`,
        method: "POST",
        body: queryArg.metricRecords,
        headers: {
          "Idempotency-Key": queryArg["Idempotency-Key"],
        },
      }),
    }),
    getOverview: build.query<GetOverviewApiResponse, GetOverviewApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/analytics/overview`,
        params: {
          since: queryArg.since,
          until: queryArg.until,
          time_zone: queryArg.timeZone,
          user_id: queryArg.userId,
        },
      }),
    }),
    getSystemMetrics: build.query<
      GetSystemMetricsApiResponse,
      GetSystemMetricsApiArg
    >({
      query: () => ({ url: `/api/v1/analytics/system/metrics` }),
    }),
    getTasksAnalytics: build.query<
      GetTasksAnalyticsApiResponse,
      GetTasksAnalyticsApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/analytics/tasks/analytics`,
        params: {
          kind: queryArg.kind,
          since: queryArg.since,
          until: queryArg.until,
          time_zone: queryArg.timeZone,
          user_id: queryArg.userId,
        },
      }),
    }),
    listDailyUsage: build.query<
      ListDailyUsageApiResponse,
      ListDailyUsageApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/analytics/usage/daily`,
        params: {
          limit: queryArg.limit,
          cursor: queryArg.cursor,
          since: queryArg.since,
          until: queryArg.until,
          time_zone: queryArg.timeZone,
          user_id: queryArg.userId,
        },
      }),
    }),
    listApprovals: build.query<ListApprovalsApiResponse, ListApprovalsApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/approvals`,
        params: {
          status: queryArg.status,
          kind: queryArg.kind,
          limit: queryArg.limit,
          cursor: queryArg.cursor,
        },
      }),
    }),
    getApproval: build.query<GetApprovalApiResponse, GetApprovalApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/approvals/${encodeURIComponent(String(queryArg.approvalId))}`,
      }),
    }),
    answer: build.mutation<AnswerApiResponse, AnswerApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/approvals/${encodeURIComponent(String(queryArg.approvalId))}/answer`,
        method: "POST",
        body: queryArg.answer,
      }),
    }),
    decide: build.mutation<DecideApiResponse, DecideApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/approvals/${encodeURIComponent(String(queryArg.approvalId))}/decision`,
        method: "POST",
        body: queryArg.decision,
      }),
    }),
    delegateApproval: build.mutation<
      DelegateApprovalApiResponse,
      DelegateApprovalApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/approvals/${encodeURIComponent(String(queryArg.approvalId))}/delegate`,
        method: "POST",
        body: queryArg.delegation,
      }),
    }),
    listAuditEntries: build.query<
      ListAuditEntriesApiResponse,
      ListAuditEntriesApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/audit`,
        params: {
          limit: queryArg.limit,
          cursor: queryArg.cursor,
          action: queryArg.action,
          actor_id: queryArg.actorId,
          subject_id: queryArg.subjectId,
          since: queryArg.since,
          until: queryArg.until,
        },
      }),
    }),
    listApiKeys: build.query<ListApiKeysApiResponse, ListApiKeysApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/auth/api-keys`,
        params: {
          limit: queryArg.limit,
          cursor: queryArg.cursor,
        },
      }),
    }),
    createApiKey: build.mutation<CreateApiKeyApiResponse, CreateApiKeyApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/auth/api-keys`,
        method: "POST",
        body: queryArg.apiKeySpec,
      }),
    }),
    deleteApiKey: build.mutation<DeleteApiKeyApiResponse, DeleteApiKeyApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/auth/api-keys/${encodeURIComponent(String(queryArg.keyId))}`,
        method: "DELETE",
      }),
    }),
    createFirstAdministrator: build.mutation<
      CreateFirstAdministratorApiResponse,
      CreateFirstAdministratorApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/auth/first-admin`,
        method: "POST",
        body: queryArg.firstAdministrator,
      }),
    }),
    login: build.mutation<LoginApiResponse, LoginApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/auth/login`,
        method: "POST",
        body: queryArg.credentials,
        headers: {
          "Chimera-Session": queryArg["Chimera-Session"],
        },
      }),
    }),
    logout: build.mutation<LogoutApiResponse, LogoutApiArg>({
      query: () => ({ url: `/api/v1/auth/logout`, method: "POST" }),
    }),
    me: build.query<MeApiResponse, MeApiArg>({
      query: () => ({ url: `/api/v1/auth/me` }),
    }),
    changeMe: build.mutation<ChangeMeApiResponse, ChangeMeApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/auth/me`,
        method: "PUT",
        body: queryArg.meChange,
        headers: {
          "If-Match": queryArg["If-Match"],
        },
      }),
    }),
    getErasure: build.query<GetErasureApiResponse, GetErasureApiArg>({
      query: () => ({ url: `/api/v1/auth/me/erase` }),
    }),
    eraseMe: build.mutation<EraseMeApiResponse, EraseMeApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/auth/me/erase`,
        method: "POST",
        body: queryArg.eraseRequest,
      }),
    }),
    finishOidc: build.mutation<FinishOidcApiResponse, FinishOidcApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/auth/oidc/finish`,
        method: "POST",
        body: queryArg.oidcFinish,
        headers: {
          "Chimera-Session": queryArg["Chimera-Session"],
        },
      }),
    }),
    linkOidc: build.mutation<LinkOidcApiResponse, LinkOidcApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/auth/oidc/link`,
        method: "POST",
        body: queryArg.oidcFinish,
      }),
    }),
    startOidc: build.mutation<StartOidcApiResponse, StartOidcApiArg>({
      query: () => ({ url: `/api/v1/auth/oidc/start`, method: "POST" }),
    }),
    getSignInOptions: build.query<
      GetSignInOptionsApiResponse,
      GetSignInOptionsApiArg
    >({
      query: () => ({ url: `/api/v1/auth/options` }),
    }),
    changePassword: build.mutation<
      ChangePasswordApiResponse,
      ChangePasswordApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/auth/password`,
        method: "POST",
        body: queryArg.passwordChange,
        headers: {
          "Chimera-Session": queryArg["Chimera-Session"],
        },
      }),
    }),
    resetPassword: build.mutation<
      ResetPasswordApiResponse,
      ResetPasswordApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/auth/password-reset`,
        method: "POST",
        body: queryArg.passwordReset,
      }),
    }),
    refresh: build.mutation<RefreshApiResponse, RefreshApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/auth/refresh`,
        method: "POST",
        body: queryArg.request,
        headers: {
          "Chimera-Session": queryArg["Chimera-Session"],
        },
      }),
    }),
    register: build.mutation<RegisterApiResponse, RegisterApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/auth/register`,
        method: "POST",
        body: queryArg.registration,
      }),
    }),
    endOtherSessions: build.mutation<
      EndOtherSessionsApiResponse,
      EndOtherSessionsApiArg
    >({
      query: () => ({ url: `/api/v1/auth/sessions`, method: "DELETE" }),
    }),
    listSessions: build.query<ListSessionsApiResponse, ListSessionsApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/auth/sessions`,
        params: {
          limit: queryArg.limit,
          cursor: queryArg.cursor,
        },
      }),
    }),
    endSession: build.mutation<EndSessionApiResponse, EndSessionApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/auth/sessions/${encodeURIComponent(String(queryArg.sessionId))}`,
        method: "DELETE",
      }),
    }),
    createWsTicket: build.mutation<
      CreateWsTicketApiResponse,
      CreateWsTicketApiArg
    >({
      query: () => ({ url: `/api/v1/auth/ws-ticket`, method: "POST" }),
    }),
    createCompletion: build.mutation<
      CreateCompletionApiResponse,
      CreateCompletionApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/chat/completions`,
        method: "POST",
        body: queryArg.completionSpec,
        headers: {
          "Idempotency-Key": queryArg["Idempotency-Key"],
          prefer: queryArg.prefer,
        },
      }),
    }),
    searchChats: build.query<SearchChatsApiResponse, SearchChatsApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/chat/search`,
        params: {
          q: queryArg.q,
          limit: queryArg.limit,
          cursor: queryArg.cursor,
        },
      }),
    }),
    listChatSessions: build.query<
      ListChatSessionsApiResponse,
      ListChatSessionsApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/chat/sessions`,
        params: {
          limit: queryArg.limit,
          cursor: queryArg.cursor,
          archived: queryArg.archived,
          agent: queryArg.agent,
          q: queryArg.q,
          shared: queryArg.shared,
          sort: queryArg.sort,
        },
      }),
    }),
    createChatSession: build.mutation<
      CreateChatSessionApiResponse,
      CreateChatSessionApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/chat/sessions`,
        method: "POST",
        body: queryArg.chatSessionSpec,
        headers: {
          "Idempotency-Key": queryArg["Idempotency-Key"],
        },
      }),
    }),
    deleteChatSession: build.mutation<
      DeleteChatSessionApiResponse,
      DeleteChatSessionApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/chat/sessions/${encodeURIComponent(String(queryArg.sessionId))}`,
        method: "DELETE",
        headers: {
          "If-Match": queryArg["If-Match"],
        },
      }),
    }),
    getChatSession: build.query<
      GetChatSessionApiResponse,
      GetChatSessionApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/chat/sessions/${encodeURIComponent(String(queryArg.sessionId))}`,
      }),
    }),
    replaceChatSession: build.mutation<
      ReplaceChatSessionApiResponse,
      ReplaceChatSessionApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/chat/sessions/${encodeURIComponent(String(queryArg.sessionId))}`,
        method: "PUT",
        body: queryArg.chatSessionSpec,
        headers: {
          "If-Match": queryArg["If-Match"],
        },
      }),
    }),
    archiveChatSession: build.mutation<
      ArchiveChatSessionApiResponse,
      ArchiveChatSessionApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/chat/sessions/${encodeURIComponent(String(queryArg.sessionId))}/archive`,
        method: "POST",
        headers: {
          "Idempotency-Key": queryArg["Idempotency-Key"],
        },
      }),
    }),
    getChatBranch: build.query<GetChatBranchApiResponse, GetChatBranchApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/chat/sessions/${encodeURIComponent(String(queryArg.sessionId))}/leaf`,
        headers: {
          "If-None-Match": queryArg["If-None-Match"],
        },
      }),
    }),
    chooseChatBranch: build.mutation<
      ChooseChatBranchApiResponse,
      ChooseChatBranchApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/chat/sessions/${encodeURIComponent(String(queryArg.sessionId))}/leaf`,
        method: "PUT",
        body: queryArg.leafChoice,
        headers: {
          "If-Match": queryArg["If-Match"],
        },
      }),
    }),
    listChatMessages: build.query<
      ListChatMessagesApiResponse,
      ListChatMessagesApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/chat/sessions/${encodeURIComponent(String(queryArg.sessionId))}/messages`,
        params: {
          branch: queryArg.branch,
          sort: queryArg.sort,
          limit: queryArg.limit,
          cursor: queryArg.cursor,
        },
      }),
    }),
    createChatMessage: build.mutation<
      CreateChatMessageApiResponse,
      CreateChatMessageApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/chat/sessions/${encodeURIComponent(String(queryArg.sessionId))}/messages`,
        method: "POST",
        body: queryArg.messageSpec,
        headers: {
          "Idempotency-Key": queryArg["Idempotency-Key"],
          prefer: queryArg.prefer,
        },
      }),
    }),
    getChatMessage: build.query<
      GetChatMessageApiResponse,
      GetChatMessageApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/chat/sessions/${encodeURIComponent(String(queryArg.sessionId))}/messages/${encodeURIComponent(String(queryArg.messageId))}`,
      }),
    }),
    regenerateChatMessage: build.mutation<
      RegenerateChatMessageApiResponse,
      RegenerateChatMessageApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/chat/sessions/${encodeURIComponent(String(queryArg.sessionId))}/messages/${encodeURIComponent(String(queryArg.messageId))}/regenerate`,
        method: "POST",
        body: queryArg.spec,
        headers: {
          "Idempotency-Key": queryArg["Idempotency-Key"],
          prefer: queryArg.prefer,
        },
      }),
    }),
    restoreChatSession: build.mutation<
      RestoreChatSessionApiResponse,
      RestoreChatSessionApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/chat/sessions/${encodeURIComponent(String(queryArg.sessionId))}/restore`,
        method: "POST",
        headers: {
          "Idempotency-Key": queryArg["Idempotency-Key"],
        },
      }),
    }),
    listChatSessionShares: build.query<
      ListChatSessionSharesApiResponse,
      ListChatSessionSharesApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/chat/sessions/${encodeURIComponent(String(queryArg.sessionId))}/shares`,
        params: {
          limit: queryArg.limit,
          cursor: queryArg.cursor,
        },
      }),
    }),
    unshareChatSession: build.mutation<
      UnshareChatSessionApiResponse,
      UnshareChatSessionApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/chat/sessions/${encodeURIComponent(String(queryArg.sessionId))}/shares/${encodeURIComponent(String(queryArg.groupId))}`,
        method: "DELETE",
      }),
    }),
    shareChatSession: build.mutation<
      ShareChatSessionApiResponse,
      ShareChatSessionApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/chat/sessions/${encodeURIComponent(String(queryArg.sessionId))}/shares/${encodeURIComponent(String(queryArg.groupId))}`,
        method: "PUT",
        body: queryArg.shareSpec,
      }),
    }),
    getChatSuggestions: build.query<
      GetChatSuggestionsApiResponse,
      GetChatSuggestionsApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/chat/sessions/${encodeURIComponent(String(queryArg.sessionId))}/suggestions`,
        headers: {
          prefer: queryArg.prefer,
        },
      }),
    }),
    getChatSummary: build.query<
      GetChatSummaryApiResponse,
      GetChatSummaryApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/chat/sessions/${encodeURIComponent(String(queryArg.sessionId))}/summary`,
        headers: {
          prefer: queryArg.prefer,
        },
      }),
    }),
    createChatTask: build.mutation<
      CreateChatTaskApiResponse,
      CreateChatTaskApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/chat/sessions/${encodeURIComponent(String(queryArg.sessionId))}/tasks`,
        method: "POST",
        body: queryArg.taskMessageSpec,
        headers: {
          "Idempotency-Key": queryArg["Idempotency-Key"],
        },
      }),
    }),
    createCodecAddress: build.mutation<
      CreateCodecAddressApiResponse,
      CreateCodecAddressApiArg
    >({
      query: () => ({ url: `/api/v1/codec`, method: "POST" }),
    }),
    listFiles: build.query<ListFilesApiResponse, ListFilesApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/files`,
        params: {
          q: queryArg.q,
          shared: queryArg.shared,
          limit: queryArg.limit,
          cursor: queryArg.cursor,
        },
      }),
    }),
    createFile: build.mutation<CreateFileApiResponse, CreateFileApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/files`,
        method: "POST",
        body: queryArg.body,
        headers: {
          "Idempotency-Key": queryArg["Idempotency-Key"],
        },
      }),
    }),
    deleteFile: build.mutation<DeleteFileApiResponse, DeleteFileApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/files/${encodeURIComponent(String(queryArg.fileId))}`,
        method: "DELETE",
      }),
    }),
    getFile: build.query<GetFileApiResponse, GetFileApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/files/${encodeURIComponent(String(queryArg.fileId))}`,
      }),
    }),
    listFileShares: build.query<
      ListFileSharesApiResponse,
      ListFileSharesApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/files/${encodeURIComponent(String(queryArg.fileId))}/shares`,
        params: {
          limit: queryArg.limit,
          cursor: queryArg.cursor,
        },
      }),
    }),
    unshareFile: build.mutation<UnshareFileApiResponse, UnshareFileApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/files/${encodeURIComponent(String(queryArg.fileId))}/shares/${encodeURIComponent(String(queryArg.groupId))}`,
        method: "DELETE",
      }),
    }),
    shareFile: build.mutation<ShareFileApiResponse, ShareFileApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/files/${encodeURIComponent(String(queryArg.fileId))}/shares/${encodeURIComponent(String(queryArg.groupId))}`,
        method: "PUT",
        body: queryArg.shareSpec,
      }),
    }),
    listGroups: build.query<ListGroupsApiResponse, ListGroupsApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/groups`,
        params: {
          limit: queryArg.limit,
          cursor: queryArg.cursor,
        },
      }),
    }),
    createGroup: build.mutation<CreateGroupApiResponse, CreateGroupApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/groups`,
        method: "POST",
        body: queryArg.groupSpec,
        headers: {
          "Idempotency-Key": queryArg["Idempotency-Key"],
        },
      }),
    }),
    deleteGroup: build.mutation<DeleteGroupApiResponse, DeleteGroupApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/groups/${encodeURIComponent(String(queryArg.groupId))}`,
        method: "DELETE",
        headers: {
          "If-Match": queryArg["If-Match"],
        },
      }),
    }),
    getGroup: build.query<GetGroupApiResponse, GetGroupApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/groups/${encodeURIComponent(String(queryArg.groupId))}`,
        headers: {
          "If-None-Match": queryArg["If-None-Match"],
        },
      }),
    }),
    renameGroup: build.mutation<RenameGroupApiResponse, RenameGroupApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/groups/${encodeURIComponent(String(queryArg.groupId))}`,
        method: "PUT",
        body: queryArg.groupSpec,
        headers: {
          "If-Match": queryArg["If-Match"],
        },
      }),
    }),
    listMembers: build.query<ListMembersApiResponse, ListMembersApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/groups/${encodeURIComponent(String(queryArg.groupId))}/members`,
        params: {
          limit: queryArg.limit,
          cursor: queryArg.cursor,
        },
      }),
    }),
    putMember: build.mutation<PutMemberApiResponse, PutMemberApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/groups/${encodeURIComponent(String(queryArg.groupId))}/members`,
        method: "POST",
        body: queryArg.memberSpec,
      }),
    }),
    removeMember: build.mutation<RemoveMemberApiResponse, RemoveMemberApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/groups/${encodeURIComponent(String(queryArg.groupId))}/members/${encodeURIComponent(String(queryArg.memberId))}`,
        method: "DELETE",
      }),
    }),
    listGroupShares: build.query<
      ListGroupSharesApiResponse,
      ListGroupSharesApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/groups/${encodeURIComponent(String(queryArg.groupId))}/shares`,
        params: {
          limit: queryArg.limit,
          cursor: queryArg.cursor,
        },
      }),
    }),
    listHolds: build.query<ListHoldsApiResponse, ListHoldsApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/holds`,
        params: {
          limit: queryArg.limit,
          cursor: queryArg.cursor,
        },
      }),
    }),
    liftHold: build.mutation<LiftHoldApiResponse, LiftHoldApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/holds/${encodeURIComponent(String(queryArg.subjectId))}`,
        method: "DELETE",
      }),
    }),
    placeHold: build.mutation<PlaceHoldApiResponse, PlaceHoldApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/holds/${encodeURIComponent(String(queryArg.subjectId))}`,
        method: "PUT",
      }),
    }),
    listInvitations: build.query<
      ListInvitationsApiResponse,
      ListInvitationsApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/invitations`,
        params: {
          limit: queryArg.limit,
          cursor: queryArg.cursor,
        },
      }),
    }),
    createInvitation: build.mutation<
      CreateInvitationApiResponse,
      CreateInvitationApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/invitations`,
        method: "POST",
        body: queryArg.invitationSpec,
      }),
    }),
    deleteInvitation: build.mutation<
      DeleteInvitationApiResponse,
      DeleteInvitationApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/invitations/${encodeURIComponent(String(queryArg.invitationId))}`,
        method: "DELETE",
      }),
    }),
    listMcpServers: build.query<
      ListMcpServersApiResponse,
      ListMcpServersApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/mcp-servers`,
        params: {
          limit: queryArg.limit,
          cursor: queryArg.cursor,
        },
      }),
    }),
    createMcpServer: build.mutation<
      CreateMcpServerApiResponse,
      CreateMcpServerApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/mcp-servers`,
        method: "POST",
        body: queryArg.mcpServerSpec,
        headers: {
          "Idempotency-Key": queryArg["Idempotency-Key"],
        },
      }),
    }),
    deleteMcpServer: build.mutation<
      DeleteMcpServerApiResponse,
      DeleteMcpServerApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/mcp-servers/${encodeURIComponent(String(queryArg.name))}`,
        method: "DELETE",
        headers: {
          "If-Match": queryArg["If-Match"],
        },
      }),
    }),
    getMcpServer: build.query<GetMcpServerApiResponse, GetMcpServerApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/mcp-servers/${encodeURIComponent(String(queryArg.name))}`,
        headers: {
          "If-None-Match": queryArg["If-None-Match"],
        },
      }),
    }),
    refreshMcpServer: build.mutation<
      RefreshMcpServerApiResponse,
      RefreshMcpServerApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/mcp-servers/${encodeURIComponent(String(queryArg.name))}/refresh`,
        method: "POST",
      }),
    }),
    getPolicy: build.query<GetPolicyApiResponse, GetPolicyApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/policy`,
        headers: {
          "If-None-Match": queryArg["If-None-Match"],
        },
      }),
    }),
    replacePolicy: build.mutation<
      ReplacePolicyApiResponse,
      ReplacePolicyApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/policy`,
        method: "PUT",
        body: queryArg.policyInput,
        headers: {
          "If-Match": queryArg["If-Match"],
        },
      }),
    }),
    getInstallationPolicy: build.query<
      GetInstallationPolicyApiResponse,
      GetInstallationPolicyApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/policy/installation`,
        headers: {
          "If-None-Match": queryArg["If-None-Match"],
        },
      }),
    }),
    replaceInstallationPolicy: build.mutation<
      ReplaceInstallationPolicyApiResponse,
      ReplaceInstallationPolicyApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/policy/installation`,
        method: "PUT",
        body: queryArg.policyInput,
        headers: {
          "If-Match": queryArg["If-Match"],
        },
      }),
    }),
    testPolicy: build.mutation<TestPolicyApiResponse, TestPolicyApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/policy/test`,
        method: "POST",
        body: queryArg.policyTest,
      }),
    }),
    getReply: build.query<GetReplyApiResponse, GetReplyApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/replies/${encodeURIComponent(String(queryArg.replyId))}`,
      }),
    }),
    listReplyApprovals: build.query<
      ListReplyApprovalsApiResponse,
      ListReplyApprovalsApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/replies/${encodeURIComponent(String(queryArg.replyId))}/approvals`,
        params: {
          status: queryArg.status,
          kind: queryArg.kind,
          limit: queryArg.limit,
          cursor: queryArg.cursor,
        },
      }),
    }),
    raiseReplyBudget: build.mutation<
      RaiseReplyBudgetApiResponse,
      RaiseReplyBudgetApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/replies/${encodeURIComponent(String(queryArg.replyId))}/budget`,
        method: "POST",
        body: queryArg.budget,
      }),
    }),
    cancelReply: build.mutation<CancelReplyApiResponse, CancelReplyApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/replies/${encodeURIComponent(String(queryArg.replyId))}/cancel`,
        method: "POST",
      }),
    }),
    getReplyCost: build.query<GetReplyCostApiResponse, GetReplyCostApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/replies/${encodeURIComponent(String(queryArg.replyId))}/cost`,
      }),
    }),
    listReplyMessages: build.query<
      ListReplyMessagesApiResponse,
      ListReplyMessagesApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/replies/${encodeURIComponent(String(queryArg.replyId))}/messages`,
        params: {
          limit: queryArg.limit,
          cursor: queryArg.cursor,
        },
      }),
    }),
    listSchedules: build.query<ListSchedulesApiResponse, ListSchedulesApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/schedules`,
        params: {
          shared: queryArg.shared,
          limit: queryArg.limit,
          cursor: queryArg.cursor,
        },
      }),
    }),
    createSchedule: build.mutation<
      CreateScheduleApiResponse,
      CreateScheduleApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/schedules`,
        method: "POST",
        body: queryArg.scheduleSpec,
        headers: {
          "Idempotency-Key": queryArg["Idempotency-Key"],
        },
      }),
    }),
    previewSchedule: build.mutation<
      PreviewScheduleApiResponse,
      PreviewScheduleApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/schedules/preview`,
        method: "POST",
        body: queryArg.previewSpec,
      }),
    }),
    deleteSchedule: build.mutation<
      DeleteScheduleApiResponse,
      DeleteScheduleApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/schedules/${encodeURIComponent(String(queryArg.scheduleId))}`,
        method: "DELETE",
        headers: {
          "If-Match": queryArg["If-Match"],
        },
      }),
    }),
    getSchedule: build.query<GetScheduleApiResponse, GetScheduleApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/schedules/${encodeURIComponent(String(queryArg.scheduleId))}`,
      }),
    }),
    replaceSchedule: build.mutation<
      ReplaceScheduleApiResponse,
      ReplaceScheduleApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/schedules/${encodeURIComponent(String(queryArg.scheduleId))}`,
        method: "PUT",
        body: queryArg.scheduleSpec,
        headers: {
          "If-Match": queryArg["If-Match"],
        },
      }),
    }),
    backfillSchedule: build.mutation<
      BackfillScheduleApiResponse,
      BackfillScheduleApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/schedules/${encodeURIComponent(String(queryArg.scheduleId))}/backfill`,
        method: "POST",
        body: queryArg.backfillSpec,
        headers: {
          "Idempotency-Key": queryArg["Idempotency-Key"],
        },
      }),
    }),
    pauseSchedule: build.mutation<
      PauseScheduleApiResponse,
      PauseScheduleApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/schedules/${encodeURIComponent(String(queryArg.scheduleId))}/pause`,
        method: "POST",
      }),
    }),
    resumeSchedule: build.mutation<
      ResumeScheduleApiResponse,
      ResumeScheduleApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/schedules/${encodeURIComponent(String(queryArg.scheduleId))}/resume`,
        method: "POST",
      }),
    }),
    listScheduleRuns: build.query<
      ListScheduleRunsApiResponse,
      ListScheduleRunsApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/schedules/${encodeURIComponent(String(queryArg.scheduleId))}/runs`,
        params: {
          limit: queryArg.limit,
          cursor: queryArg.cursor,
        },
      }),
    }),
    listScheduleShares: build.query<
      ListScheduleSharesApiResponse,
      ListScheduleSharesApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/schedules/${encodeURIComponent(String(queryArg.scheduleId))}/shares`,
        params: {
          limit: queryArg.limit,
          cursor: queryArg.cursor,
        },
      }),
    }),
    unshareSchedule: build.mutation<
      UnshareScheduleApiResponse,
      UnshareScheduleApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/schedules/${encodeURIComponent(String(queryArg.scheduleId))}/shares/${encodeURIComponent(String(queryArg.groupId))}`,
        method: "DELETE",
      }),
    }),
    shareSchedule: build.mutation<
      ShareScheduleApiResponse,
      ShareScheduleApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/schedules/${encodeURIComponent(String(queryArg.scheduleId))}/shares/${encodeURIComponent(String(queryArg.groupId))}`,
        method: "PUT",
        body: queryArg.shareSpec,
      }),
    }),
    triggerSchedule: build.mutation<
      TriggerScheduleApiResponse,
      TriggerScheduleApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/schedules/${encodeURIComponent(String(queryArg.scheduleId))}/trigger`,
        method: "POST",
        headers: {
          "Idempotency-Key": queryArg["Idempotency-Key"],
        },
      }),
    }),
    listSystemLog: build.query<ListSystemLogApiResponse, ListSystemLogApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/system/logs`,
        params: {
          level: queryArg.level,
          component: queryArg.component,
          since: queryArg.since,
          q: queryArg.q,
          limit: queryArg.limit,
          cursor: queryArg.cursor,
        },
      }),
    }),
    listNotifications: build.query<
      ListNotificationsApiResponse,
      ListNotificationsApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/system/notifications`,
        params: {
          unread: queryArg.unread,
          limit: queryArg.limit,
          cursor: queryArg.cursor,
        },
      }),
    }),
    readNotifications: build.mutation<
      ReadNotificationsApiResponse,
      ReadNotificationsApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/system/notifications/read`,
        method: "POST",
        body: queryArg.readMark,
      }),
    }),
    readNotification: build.mutation<
      ReadNotificationApiResponse,
      ReadNotificationApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/system/notifications/${encodeURIComponent(String(queryArg.notificationId))}/read`,
        method: "POST",
      }),
    }),
    listRetentionRuns: build.query<
      ListRetentionRunsApiResponse,
      ListRetentionRunsApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/system/retention`,
        params: {
          limit: queryArg.limit,
          cursor: queryArg.cursor,
        },
      }),
    }),
    runRetention: build.mutation<RunRetentionApiResponse, RunRetentionApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/system/retention`,
        method: "POST",
        body: queryArg.retentionRequest,
        headers: {
          "Idempotency-Key": queryArg["Idempotency-Key"],
        },
      }),
    }),
    getRetentionRun: build.query<
      GetRetentionRunApiResponse,
      GetRetentionRunApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/system/retention/${encodeURIComponent(String(queryArg.retentionId))}`,
      }),
    }),
    listTasks: build.query<ListTasksApiResponse, ListTasksApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/tasks`,
        params: {
          limit: queryArg.limit,
          cursor: queryArg.cursor,
          status: queryArg.status,
          schedule_id: queryArg.scheduleId,
          q: queryArg.q,
          agent: queryArg.agent,
          waits_for: queryArg.waitsFor,
          shared: queryArg.shared,
          sort: queryArg.sort,
        },
      }),
    }),
    createTask: build.mutation<CreateTaskApiResponse, CreateTaskApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/tasks`,
        method: "POST",
        body: queryArg.taskSpec,
        headers: {
          "Idempotency-Key": queryArg["Idempotency-Key"],
        },
      }),
    }),
    getTaskCounts: build.query<GetTaskCountsApiResponse, GetTaskCountsApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/tasks/counts`,
        params: {
          time_zone: queryArg.timeZone,
        },
      }),
    }),
    estimateTask: build.mutation<EstimateTaskApiResponse, EstimateTaskApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/tasks/estimate`,
        method: "POST",
        body: queryArg.taskSpec,
      }),
    }),
    listTaskTypes: build.query<ListTaskTypesApiResponse, ListTaskTypesApiArg>({
      query: () => ({ url: `/api/v1/tasks/types/available` }),
    }),
    deleteTask: build.mutation<DeleteTaskApiResponse, DeleteTaskApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/tasks/${encodeURIComponent(String(queryArg.taskId))}`,
        method: "DELETE",
        headers: {
          "If-Match": queryArg["If-Match"],
        },
      }),
    }),
    getTask: build.query<GetTaskApiResponse, GetTaskApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/tasks/${encodeURIComponent(String(queryArg.taskId))}`,
      }),
    }),
    changeTask: build.mutation<ChangeTaskApiResponse, ChangeTaskApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/tasks/${encodeURIComponent(String(queryArg.taskId))}`,
        method: "PUT",
        body: queryArg.taskChange,
        headers: {
          "If-Match": queryArg["If-Match"],
        },
      }),
    }),
    answerQuestion: build.mutation<
      AnswerQuestionApiResponse,
      AnswerQuestionApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/tasks/${encodeURIComponent(String(queryArg.taskId))}/answers/${encodeURIComponent(String(queryArg.questionId))}`,
        method: "POST",
        body: queryArg.answer,
      }),
    }),
    listTaskApprovals: build.query<
      ListTaskApprovalsApiResponse,
      ListTaskApprovalsApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/tasks/${encodeURIComponent(String(queryArg.taskId))}/approvals`,
        params: {
          status: queryArg.status,
          kind: queryArg.kind,
          limit: queryArg.limit,
          cursor: queryArg.cursor,
        },
      }),
    }),
    decideApproval: build.mutation<
      DecideApprovalApiResponse,
      DecideApprovalApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/tasks/${encodeURIComponent(String(queryArg.taskId))}/approvals/${encodeURIComponent(String(queryArg.approvalId))}`,
        method: "POST",
        body: queryArg.decision,
      }),
    }),
    raiseTaskBudget: build.mutation<
      RaiseTaskBudgetApiResponse,
      RaiseTaskBudgetApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/tasks/${encodeURIComponent(String(queryArg.taskId))}/budget`,
        method: "POST",
        body: queryArg.budget,
      }),
    }),
    cancelTask: build.mutation<CancelTaskApiResponse, CancelTaskApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/tasks/${encodeURIComponent(String(queryArg.taskId))}/cancel`,
        method: "POST",
      }),
    }),
    getTaskCost: build.query<GetTaskCostApiResponse, GetTaskCostApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/tasks/${encodeURIComponent(String(queryArg.taskId))}/cost`,
      }),
    }),
    listTaskEvents: build.query<
      ListTaskEventsApiResponse,
      ListTaskEventsApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/tasks/${encodeURIComponent(String(queryArg.taskId))}/events/stored`,
        params: {
          after: queryArg.after,
          limit: queryArg.limit,
        },
      }),
    }),
    executeTask: build.mutation<ExecuteTaskApiResponse, ExecuteTaskApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/tasks/${encodeURIComponent(String(queryArg.taskId))}/execute`,
        method: "POST",
        headers: {
          "Idempotency-Key": queryArg["Idempotency-Key"],
        },
      }),
    }),
    listTaskFiles: build.query<ListTaskFilesApiResponse, ListTaskFilesApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/tasks/${encodeURIComponent(String(queryArg.taskId))}/files`,
        params: {
          limit: queryArg.limit,
          cursor: queryArg.cursor,
        },
      }),
    }),
    listTaskMessages: build.query<
      ListTaskMessagesApiResponse,
      ListTaskMessagesApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/tasks/${encodeURIComponent(String(queryArg.taskId))}/messages`,
        params: {
          path: queryArg.path,
          limit: queryArg.limit,
          cursor: queryArg.cursor,
        },
      }),
    }),
    pauseTask: build.mutation<PauseTaskApiResponse, PauseTaskApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/tasks/${encodeURIComponent(String(queryArg.taskId))}/pause`,
        method: "POST",
      }),
    }),
    resumeTask: build.mutation<ResumeTaskApiResponse, ResumeTaskApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/tasks/${encodeURIComponent(String(queryArg.taskId))}/resume`,
        method: "POST",
      }),
    }),
    retryTask: build.mutation<RetryTaskApiResponse, RetryTaskApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/tasks/${encodeURIComponent(String(queryArg.taskId))}/retry`,
        method: "POST",
        body: queryArg.wish,
        headers: {
          "Idempotency-Key": queryArg["Idempotency-Key"],
        },
      }),
    }),
    listTaskShares: build.query<
      ListTaskSharesApiResponse,
      ListTaskSharesApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/tasks/${encodeURIComponent(String(queryArg.taskId))}/shares`,
        params: {
          limit: queryArg.limit,
          cursor: queryArg.cursor,
        },
      }),
    }),
    unshareTask: build.mutation<UnshareTaskApiResponse, UnshareTaskApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/tasks/${encodeURIComponent(String(queryArg.taskId))}/shares/${encodeURIComponent(String(queryArg.groupId))}`,
        method: "DELETE",
      }),
    }),
    shareTask: build.mutation<ShareTaskApiResponse, ShareTaskApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/tasks/${encodeURIComponent(String(queryArg.taskId))}/shares/${encodeURIComponent(String(queryArg.groupId))}`,
        method: "PUT",
        body: queryArg.shareSpec,
      }),
    }),
    steerTask: build.mutation<SteerTaskApiResponse, SteerTaskApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/tasks/${encodeURIComponent(String(queryArg.taskId))}/steer`,
        method: "POST",
        body: queryArg.guidance,
        headers: {
          "Idempotency-Key": queryArg["Idempotency-Key"],
        },
      }),
    }),
    listSubtasks: build.query<ListSubtasksApiResponse, ListSubtasksApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/tasks/${encodeURIComponent(String(queryArg.taskId))}/subtasks`,
        params: {
          limit: queryArg.limit,
          cursor: queryArg.cursor,
        },
      }),
    }),
    getTaskTimeline: build.query<
      GetTaskTimelineApiResponse,
      GetTaskTimelineApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/tasks/${encodeURIComponent(String(queryArg.taskId))}/timeline`,
        params: {
          path: queryArg.path,
        },
      }),
    }),
    listTools: build.query<ListToolsApiResponse, ListToolsApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/tools`,
        params: {
          agent: queryArg.agent,
          limit: queryArg.limit,
          cursor: queryArg.cursor,
        },
      }),
    }),
    getTool: build.query<GetToolApiResponse, GetToolApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/tools/${encodeURIComponent(String(queryArg.name))}`,
        headers: {
          "If-None-Match": queryArg["If-None-Match"],
        },
      }),
    }),
    acceptTool: build.mutation<AcceptToolApiResponse, AcceptToolApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/tools/${encodeURIComponent(String(queryArg.name))}/accept`,
        method: "POST",
        body: queryArg.acceptance,
        headers: {
          "Idempotency-Key": queryArg["Idempotency-Key"],
        },
      }),
    }),
    getLimits: build.query<GetLimitsApiResponse, GetLimitsApiArg>({
      query: () => ({ url: `/api/v1/usage/limits` }),
    }),
    listUsers: build.query<ListUsersApiResponse, ListUsersApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/users`,
        params: {
          limit: queryArg.limit,
          cursor: queryArg.cursor,
          kind: queryArg.kind,
          role: queryArg.role,
          state: queryArg.state,
          q: queryArg.q,
          sort: queryArg.sort,
        },
      }),
    }),
    createServiceAccount: build.mutation<
      CreateServiceAccountApiResponse,
      CreateServiceAccountApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/users`,
        method: "POST",
        body: queryArg.serviceAccountSpec,
        headers: {
          "Idempotency-Key": queryArg["Idempotency-Key"],
        },
      }),
    }),
    deleteUser: build.mutation<DeleteUserApiResponse, DeleteUserApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/users/${encodeURIComponent(String(queryArg.userId))}`,
        method: "DELETE",
        headers: {
          "If-Match": queryArg["If-Match"],
        },
      }),
    }),
    getUser: build.query<GetUserApiResponse, GetUserApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/users/${encodeURIComponent(String(queryArg.userId))}`,
      }),
    }),
    changeUser: build.mutation<ChangeUserApiResponse, ChangeUserApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/users/${encodeURIComponent(String(queryArg.userId))}`,
        method: "PUT",
        body: queryArg.userChange,
        headers: {
          "If-Match": queryArg["If-Match"],
        },
      }),
    }),
    listUserKeys: build.query<ListUserKeysApiResponse, ListUserKeysApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/users/${encodeURIComponent(String(queryArg.userId))}/api-keys`,
        params: {
          limit: queryArg.limit,
          cursor: queryArg.cursor,
        },
      }),
    }),
    createServiceKey: build.mutation<
      CreateServiceKeyApiResponse,
      CreateServiceKeyApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/users/${encodeURIComponent(String(queryArg.userId))}/api-keys`,
        method: "POST",
        body: queryArg.apiKeySpec,
      }),
    }),
    deleteUserKey: build.mutation<
      DeleteUserKeyApiResponse,
      DeleteUserKeyApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/users/${encodeURIComponent(String(queryArg.userId))}/api-keys/${encodeURIComponent(String(queryArg.keyId))}`,
        method: "DELETE",
      }),
    }),
    disableUser: build.mutation<DisableUserApiResponse, DisableUserApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/users/${encodeURIComponent(String(queryArg.userId))}/disable`,
        method: "POST",
      }),
    }),
    enableUser: build.mutation<EnableUserApiResponse, EnableUserApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/users/${encodeURIComponent(String(queryArg.userId))}/enable`,
        method: "POST",
      }),
    }),
    getUserLimits: build.query<GetUserLimitsApiResponse, GetUserLimitsApiArg>({
      query: (queryArg) => ({
        url: `/api/v1/users/${encodeURIComponent(String(queryArg.userId))}/limits`,
      }),
    }),
    setUserLimits: build.mutation<
      SetUserLimitsApiResponse,
      SetUserLimitsApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/users/${encodeURIComponent(String(queryArg.userId))}/limits`,
        method: "PUT",
        body: queryArg.userLimits,
        headers: {
          "If-Match": queryArg["If-Match"],
        },
      }),
    }),
    createPasswordReset: build.mutation<
      CreatePasswordResetApiResponse,
      CreatePasswordResetApiArg
    >({
      query: (queryArg) => ({
        url: `/api/v1/users/${encodeURIComponent(String(queryArg.userId))}/password-reset`,
        method: "POST",
      }),
    }),
    getHealth: build.query<GetHealthApiResponse, GetHealthApiArg>({
      query: () => ({ url: `/health` }),
    }),
  }),
  overrideExisting: false,
});
export { injectedRtkApi as generated };
export type ListAgentsApiResponse =
  /** status 200 Successful Response */ AgentPage;
export type ListAgentsApiArg = {
  /** Return only agents that others share with you (`shared`), or also those (`all`). Default: the built-in agents and your own. */
  shared?: "mine" | "shared" | "all";
  /** Maximum number of items per page */
  limit?: number;
  /** Value of `next_cursor` from the previous page */
  cursor?: string;
};
export type CreateAgentApiResponse =
  /** status 201 Successful Response */ AgentView;
export type CreateAgentApiArg = {
  /** Unique key that you choose for the request. If you repeat the request with this key within 24 hours, the API returns the first response and changes nothing. */
  "Idempotency-Key"?: string;
  agentSpec: AgentSpec;
};
export type ListModelsApiResponse =
  /** status 200 Successful Response */ ModelsView;
export type ListModelsApiArg = void;
export type ListAgentTypesApiResponse =
  /** status 200 Successful Response */ AgentType[];
export type ListAgentTypesApiArg = void;
export type DeleteAgentApiResponse = unknown;
export type DeleteAgentApiArg = {
  /** Name of the agent, for example `poet`, or its ID */
  agent: string;
  /** `ETag` of the state that your change is based on. If the state has changed since, the response is 412, and nothing changes. Without this header, the change applies to any state. */
  "If-Match"?: string;
};
export type GetAgentApiResponse =
  /** status 200 Successful Response */ AgentView;
export type GetAgentApiArg = {
  /** Name of the agent, for example `poet`, or its ID */
  agent: string;
  /** `ETag` of the state that you have. If it is current, the response is 304 without a body. */
  "If-None-Match"?: string;
};
export type ChangeAgentApiResponse =
  /** status 200 Successful Response */ AgentView;
export type ChangeAgentApiArg = {
  /** Name of the agent, for example `poet`, or its ID */
  agent: string;
  /** `ETag` of the state that your change is based on. If the state has changed since, the response is 412, and nothing changes. Without this header, the change applies to any state. */
  "If-Match"?: string;
  agentSpec: AgentSpec;
};
export type ActivateAgentApiResponse =
  /** status 200 Successful Response */ AgentView;
export type ActivateAgentApiArg = {
  /** Name of the agent, for example `poet`, or its ID */
  agent: string;
};
export type DeactivateAgentApiResponse =
  /** status 200 Successful Response */ AgentView;
export type DeactivateAgentApiArg = {
  /** Name of the agent, for example `poet`, or its ID */
  agent: string;
};
export type DiffAgentVersionsApiResponse =
  /** status 200 Successful Response */ VersionDiff;
export type DiffAgentVersionsApiArg = {
  /** Name of the agent, for example `poet`, or its ID */
  agent: string;
  /** Number of the first version */
  from: number;
  /** Number of the second version */
  to: number;
};
export type GetAgentMetricsApiResponse =
  /** status 200 Successful Response */ AgentMetricsView;
export type GetAgentMetricsApiArg = {
  /** Name of the agent, for example `poet`, or its ID */
  agent: string;
  /** Count only tasks created since this time. Default: 7 days ago. */
  since?: string;
};
export type RollbackAgentApiResponse =
  /** status 200 Successful Response */ AgentView;
export type RollbackAgentApiArg = {
  /** Name of the agent, for example `poet`, or its ID */
  agent: string;
  /** `ETag` of the state that your change is based on. If the state has changed since, the response is 412, and nothing changes. Without this header, the change applies to any state. */
  "If-Match"?: string;
  /** Unique key that you choose for the request. If you repeat the request with this key within 24 hours, the API returns the first response and changes nothing. */
  "Idempotency-Key"?: string;
  rollback: Rollback;
};
export type ListAgentSharesApiResponse =
  /** status 200 Successful Response */ SharePage;
export type ListAgentSharesApiArg = {
  /** Name of the agent, for example `poet`, or its ID */
  agent: string;
  /** Maximum number of items per page */
  limit?: number;
  /** Value of `next_cursor` from the previous page */
  cursor?: string;
};
export type UnshareAgentApiResponse = unknown;
export type UnshareAgentApiArg = {
  /** Name of the agent, for example `poet`, or its ID */
  agent: string;
  /** ID of the group, as shown in the list of groups */
  groupId: string;
};
export type ShareAgentApiResponse =
  /** status 200 Successful Response */ ShareView;
export type ShareAgentApiArg = {
  /** Name of the agent, for example `poet`, or its ID */
  agent: string;
  /** ID of the group, as shown in the list of groups */
  groupId: string;
  shareSpec: ShareSpec;
};
export type GetAgentStatusApiResponse =
  /** status 200 Successful Response */ AgentStatusView;
export type GetAgentStatusApiArg = {
  /** Name of the agent, for example `poet`, or its ID */
  agent: string;
};
export type ListAgentVersionsApiResponse =
  /** status 200 Successful Response */ VersionPage;
export type ListAgentVersionsApiArg = {
  /** Name of the agent, for example `poet`, or its ID */
  agent: string;
  /** Maximum number of items per page */
  limit?: number;
  /** Value of `next_cursor` from the previous page */
  cursor?: string;
};
export type GetAgentVersionApiResponse =
  /** status 200 Successful Response */ AgentVersionView;
export type GetAgentVersionApiArg = {
  /** Name of the agent, for example `poet`, or its ID */
  agent: string;
  /** Number of the version */
  version: number;
};
export type ListAiCallsApiResponse =
  /** status 200 Successful Response */ AiCallPage;
export type ListAiCallsApiArg = {
  /** Return only calls with this operation */
  operation?: Operation;
  /** Maximum number of items per page */
  limit?: number;
  /** Value of `next_cursor` from the previous page */
  cursor?: string;
};
export type GetAiCallApiResponse =
  /** status 200 Successful Response */ AiCallView;
export type GetAiCallApiArg = {
  /** ID of an embedding, image or transcription call */
  callId: string;
};
export type CancelAiCallApiResponse =
  /** status 202 Successful Response */ AiCallView;
export type CancelAiCallApiArg = {
  /** ID of an embedding, image or transcription call */
  callId: string;
};
export type CreateEmbeddingsApiResponse =
  | (/** status 200 Successful Response */ EmbeddingsView | AiCallView)
  | /** status 202 The call was accepted and is running. Poll the `Location` header's URL until the call ends. */ AiCallView;
export type CreateEmbeddingsApiArg = {
  /** Unique key that you choose for the call. If you repeat the request with this key, the API returns the same call. */
  "Idempotency-Key"?: string;
  /** `wait=N`: return 202 if the call is still running after N seconds (RFC 7240) */
  prefer?: string;
  embeddingSpec: EmbeddingSpec;
};
export type CreateImagesApiResponse =
  | (/** status 200 Successful Response */ ImagesView | AiCallView)
  | /** status 202 The call was accepted and is running. Poll the `Location` header's URL until the call ends. */ AiCallView;
export type CreateImagesApiArg = {
  /** Unique key that you choose for the call. If you repeat the request with this key, the API returns the same call. */
  "Idempotency-Key"?: string;
  /** `wait=N`: return 202 if the call is still running after N seconds (RFC 7240) */
  prefer?: string;
  imageSpec: ImageSpec;
};
export type ListProvidersApiResponse =
  /** status 200 Successful Response */ ProviderView[];
export type ListProvidersApiArg = void;
export type ValidateProviderApiResponse =
  /** status 200 Successful Response */ Validation;
export type ValidateProviderApiArg = {
  /** Name of the provider, for example `openai` */
  name: string;
  request: ValidationRequest | null;
};
export type CountTokensApiResponse =
  /** status 200 Successful Response */ TokenCount;
export type CountTokensApiArg = {
  countRequest: CountRequest;
};
export type CreateTranscriptionApiResponse =
  | (/** status 200 Successful Response */ TranscriptionView | AiCallView)
  | /** status 202 The call was accepted and is running. Poll the `Location` header's URL until the call ends. */ AiCallView;
export type CreateTranscriptionApiArg = {
  /** Unique key that you choose for the call. If you repeat the request with this key, the API returns the same call. */
  "Idempotency-Key"?: string;
  /** `wait=N`: return 202 if the call is still running after N seconds (RFC 7240) */
  prefer?: string;
  body: {
    /** Recording to transcribe. You can send `file_id` instead. */
    file?: Blob;
    /** ID of one of your files. You can send `file` instead. */
    file_id?: string;
    /** Language spoken in the recording, such as `de` or `en` */
    language?: string;
    /** Model, as `provider/model` */
    model: string;
    /** Names and words that occur in the recording */
    prompt?: string;
  };
};
export type GetAgentsPerformanceApiResponse =
  /** status 200 Successful Response */ AgentsPerformance;
export type GetAgentsPerformanceApiArg = {
  /** Name of the only agent that is shown */
  agent?: string;
  /** Maximum number of items per page */
  limit?: number;
  /** The `next_cursor` of the previous page, unchanged */
  cursor?: string;
  /** Beginning of the period, with a time zone, rounded down to a quarter of an hour. Default: 7 days before `until` */
  since?: string;
  /** End of the period, with a time zone, rounded up to a quarter of an hour. Default: now */
  until?: string;
  /** IANA name of the time zone of dates, for example `Europe/Berlin` */
  timeZone?: string;
  /** ID of the user whose figures are shown, or `all`. Only administrators can see the figures of others. Default: yours */
  userId?: string;
};
export type GetDailyLatencyApiResponse =
  /** status 200 Successful Response */ DailyLatency;
export type GetDailyLatencyApiArg = {
  /** Name of the only agent that is shown */
  agent?: string;
  /** Beginning of the period, with a time zone, rounded down to a quarter of an hour. Default: 7 days before `until` */
  since?: string;
  /** End of the period, with a time zone, rounded up to a quarter of an hour. Default: now */
  until?: string;
  /** IANA name of the time zone of dates, for example `Europe/Berlin` */
  timeZone?: string;
  /** ID of the user whose figures are shown, or `all`. Only administrators can see the figures of others. Default: yours */
  userId?: string;
};
export type ListMetricsApiResponse =
  /** status 200 Successful Response */ MetricPage;
export type ListMetricsApiArg = {
  /** Name of the only metric that is listed */
  name?: string;
  /** Maximum number of items per page */
  limit?: number;
  /** The `next_cursor` of the previous page, unchanged */
  cursor?: string;
  /** Beginning of the period, with a time zone, rounded down to a quarter of an hour. Default: 7 days before `until` */
  since?: string;
  /** End of the period, with a time zone, rounded up to a quarter of an hour. Default: now */
  until?: string;
  /** IANA name of the time zone of dates, for example `Europe/Berlin` */
  timeZone?: string;
  /** ID of the user whose figures are shown, or `all`. Only administrators can see the figures of others. Default: yours */
  userId?: string;
};
export type RecordMetricsApiResponse =
  /** status 201 Successful Response */ MetricsRecorded;
export type RecordMetricsApiArg = {
  /** Unique key that you choose for the request. If you repeat the request with this key within 24 hours, the API returns the first response and changes nothing. */
  "Idempotency-Key"?: string;
  metricRecords: MetricRecords;
};
export type GetOverviewApiResponse =
  /** status 200 Successful Response */ Overview;
export type GetOverviewApiArg = {
  /** Beginning of the period, with a time zone, rounded down to a quarter of an hour. Default: 7 days before `until` */
  since?: string;
  /** End of the period, with a time zone, rounded up to a quarter of an hour. Default: now */
  until?: string;
  /** IANA name of the time zone of dates, for example `Europe/Berlin` */
  timeZone?: string;
  /** ID of the user whose figures are shown, or `all`. Only administrators can see the figures of others. Default: yours */
  userId?: string;
};
export type GetSystemMetricsApiResponse =
  /** status 200 Successful Response */ SystemMetrics;
export type GetSystemMetricsApiArg = void;
export type GetTasksAnalyticsApiResponse =
  /** status 200 Successful Response */ TaskFigures;
export type GetTasksAnalyticsApiArg = {
  /** Kind of the runs that are counted */
  kind?: RunKind;
  /** Beginning of the period, with a time zone, rounded down to a quarter of an hour. Default: 7 days before `until` */
  since?: string;
  /** End of the period, with a time zone, rounded up to a quarter of an hour. Default: now */
  until?: string;
  /** IANA name of the time zone of dates, for example `Europe/Berlin` */
  timeZone?: string;
  /** ID of the user whose figures are shown, or `all`. Only administrators can see the figures of others. Default: yours */
  userId?: string;
};
export type ListDailyUsageApiResponse =
  /** status 200 Successful Response */ DailyUsagePage;
export type ListDailyUsageApiArg = {
  /** Maximum number of items per page */
  limit?: number;
  /** The `next_cursor` of the previous page, unchanged */
  cursor?: string;
  /** Beginning of the period, with a time zone, rounded down to a quarter of an hour. Default: 7 days before `until` */
  since?: string;
  /** End of the period, with a time zone, rounded up to a quarter of an hour. Default: now */
  until?: string;
  /** IANA name of the time zone of dates, for example `Europe/Berlin` */
  timeZone?: string;
  /** ID of the user whose figures are shown, or `all`. Only administrators can see the figures of others. Default: yours */
  userId?: string;
};
export type ListApprovalsApiResponse =
  /** status 200 Successful Response */ ApprovalPage;
export type ListApprovalsApiArg = {
  /** Return only approvals with this status, including those that others decide about, if you can see them. To select several statuses, repeat the parameter. Default: only those that wait for you. */
  status?: ApprovalStatus[];
  /** Return only approvals of this kind. To select several kinds, repeat the parameter. */
  kind?: ApprovalKind[];
  /** Maximum number of items per page */
  limit?: number;
  /** Value of `next_cursor` from the previous page */
  cursor?: string;
};
export type GetApprovalApiResponse =
  /** status 200 Successful Response */ ApprovalView;
export type GetApprovalApiArg = {
  /** ID of the approval, as shown in the list of approvals */
  approvalId: string;
};
export type AnswerApiResponse =
  /** status 200 Successful Response */ ApprovalView;
export type AnswerApiArg = {
  /** ID of the approval, as shown in the list of approvals */
  approvalId: string;
  answer: Answer;
};
export type DecideApiResponse =
  /** status 200 Successful Response */ ApprovalView;
export type DecideApiArg = {
  /** ID of the approval, as shown in the list of approvals */
  approvalId: string;
  decision:
    | ({
        decision: "again";
      } & Again)
    | ({
        decision: "approve";
      } & Approve)
    | ({
        decision: "happened";
      } & Happened)
    | ({
        decision: "not_happened";
      } & NotHappened)
    | ({
        decision: "reject";
      } & Reject);
};
export type DelegateApprovalApiResponse =
  /** status 200 Successful Response */ ApprovalView;
export type DelegateApprovalApiArg = {
  /** ID of the approval, as shown in the list of approvals */
  approvalId: string;
  delegation: Delegation;
};
export type ListAuditEntriesApiResponse =
  /** status 200 Successful Response */ AuditPage;
export type ListAuditEntriesApiArg = {
  /** Maximum number of items per page */
  limit?: number;
  /** Value of `next_cursor` from the previous page */
  cursor?: string;
  /** Return only entries for this kind of act */
  action?: AuditAction;
  /** Return only what this user did */
  actorId?: string;
  /** Return only what was done to the object with this ID, such as a user */
  subjectId?: string;
  /** Return only entries from this time on, such as 2026-11-01T00:00:00Z */
  since?: string;
  /** Return only entries before this time */
  until?: string;
};
export type ListApiKeysApiResponse =
  /** status 200 Successful Response */ ApiKeyPage;
export type ListApiKeysApiArg = {
  /** Maximum number of items per page */
  limit?: number;
  /** Value of `next_cursor` from the previous page */
  cursor?: string;
};
export type CreateApiKeyApiResponse =
  /** status 201 Successful Response */ NewApiKey;
export type CreateApiKeyApiArg = {
  apiKeySpec: ApiKeySpec;
};
export type DeleteApiKeyApiResponse = unknown;
export type DeleteApiKeyApiArg = {
  /** ID of the API key, as shown in the list of API keys */
  keyId: string;
};
export type CreateFirstAdministratorApiResponse =
  /** status 201 Successful Response */ UserView;
export type CreateFirstAdministratorApiArg = {
  firstAdministrator: FirstAdministrator;
};
export type LoginApiResponse =
  /** status 200 Successful Response */ Tokens | BrowserSession;
export type LoginApiArg = {
  /** With `cookie`, the session's tokens are in HttpOnly cookies instead of JSON. Only pages of this server can use it. */
  "Chimera-Session"?: "cookie";
  credentials: Credentials;
};
export type LogoutApiResponse = unknown;
export type LogoutApiArg = void;
export type MeApiResponse = /** status 200 Successful Response */ MeView;
export type MeApiArg = void;
export type ChangeMeApiResponse = /** status 200 Successful Response */ MeView;
export type ChangeMeApiArg = {
  /** `ETag` of the state that your change is based on. If the state has changed since, the response is 412, and nothing changes. Without this header, the change applies to any state. */
  "If-Match"?: string;
  meChange: MeChange;
};
export type GetErasureApiResponse =
  /** status 200 Successful Response */ RetentionView;
export type GetErasureApiArg = void;
export type EraseMeApiResponse =
  /** status 202 Successful Response */ RetentionView;
export type EraseMeApiArg = {
  eraseRequest: EraseRequest;
};
export type FinishOidcApiResponse =
  /** status 200 Successful Response */ Tokens | BrowserSession;
export type FinishOidcApiArg = {
  /** With `cookie`, the session's tokens are in HttpOnly cookies instead of JSON. Only pages of this server can use it. */
  "Chimera-Session"?: "cookie";
  oidcFinish: OidcFinish;
};
export type LinkOidcApiResponse = unknown;
export type LinkOidcApiArg = {
  oidcFinish: OidcFinish;
};
export type StartOidcApiResponse =
  /** status 200 Successful Response */ OidcStart;
export type StartOidcApiArg = void;
export type GetSignInOptionsApiResponse =
  /** status 200 Successful Response */ SignInOptions;
export type GetSignInOptionsApiArg = void;
export type ChangePasswordApiResponse =
  /** status 200 Successful Response */ Tokens | BrowserSession;
export type ChangePasswordApiArg = {
  /** With `cookie`, the session's tokens are in HttpOnly cookies instead of JSON. Only pages of this server can use it. */
  "Chimera-Session"?: "cookie";
  passwordChange: PasswordChange;
};
export type ResetPasswordApiResponse = unknown;
export type ResetPasswordApiArg = {
  passwordReset: PasswordReset;
};
export type RefreshApiResponse =
  /** status 200 Successful Response */ Tokens | BrowserSession;
export type RefreshApiArg = {
  /** With `cookie`, the session's tokens are in HttpOnly cookies instead of JSON. Only pages of this server can use it. */
  "Chimera-Session"?: "cookie";
  request: RefreshRequest | null;
};
export type RegisterApiResponse =
  /** status 202 Successful Response */ Registered;
export type RegisterApiArg = {
  registration: Registration;
};
export type EndOtherSessionsApiResponse =
  /** status 200 Successful Response */ EndedSessions;
export type EndOtherSessionsApiArg = void;
export type ListSessionsApiResponse =
  /** status 200 Successful Response */ SessionPage;
export type ListSessionsApiArg = {
  /** Maximum number of items per page */
  limit?: number;
  /** Value of `next_cursor` from the previous page */
  cursor?: string;
};
export type EndSessionApiResponse = unknown;
export type EndSessionApiArg = {
  /** ID of the session, as shown in the list of sessions */
  sessionId: string;
};
export type CreateWsTicketApiResponse =
  /** status 201 Successful Response */ TicketView;
export type CreateWsTicketApiArg = void;
export type CreateCompletionApiResponse =
  | /** status 200 The reply, or with `stream` server-sent events as described in `docs/reference/replies.md` */ ReplyView
  | /** status 202 The reply isn't complete yet. Poll the `Location` header's URL, or follow its events. */ ReplyView;
export type CreateCompletionApiArg = {
  /** Unique key that you choose for the reply. If you repeat the request with this key, the API returns the same reply. */
  "Idempotency-Key"?: string;
  /** `wait=N`: return 202 if the call is still running after N seconds (RFC 7240) */
  prefer?: string;
  completionSpec: CompletionSpec;
};
export type SearchChatsApiResponse =
  /** status 200 Successful Response */ SearchPage;
export type SearchChatsApiArg = {
  /** Words to search for. All of them have to occur. `or` between words, quotes around phrases and `-` before excluded words work as in search engines. */
  q: string;
  /** Maximum number of items per page */
  limit?: number;
  /** Value of `next_cursor` from the previous page */
  cursor?: string;
};
export type ListChatSessionsApiResponse =
  /** status 200 Successful Response */ ChatSessionPage;
export type ListChatSessionsApiArg = {
  /** Maximum number of items per page */
  limit?: number;
  /** Value of `next_cursor` from the previous page */
  cursor?: string;
  /** Return only archived sessions (`true`), or only others (`false`) */
  archived?: boolean;
  /** Return only sessions with this agent, named as the sessions show it */
  agent?: string;
  /** Return only sessions whose title contains this */
  q?: string;
  /** Return only your own objects (`mine`), only those that others share with you (`shared`), or both (`all`). Default: your own; for administrators, those of all users. */
  shared?: "mine" | "shared" | "all";
  /** Sort order: `last_message_at` or `created_at`, with `-` before it for the newest first */
  sort?: string;
};
export type CreateChatSessionApiResponse =
  /** status 201 Successful Response */ ChatSessionView;
export type CreateChatSessionApiArg = {
  /** Unique key that you choose for the request. If you repeat the request with this key within 24 hours, the API returns the first response and changes nothing. */
  "Idempotency-Key"?: string;
  chatSessionSpec: ChatSessionSpec;
};
export type DeleteChatSessionApiResponse = unknown;
export type DeleteChatSessionApiArg = {
  /** ID of the chat session, as shown in the list of sessions */
  sessionId: string;
  /** `ETag` of the state that your change is based on. If the state has changed since, the response is 412, and nothing changes. Without this header, the change applies to any state. */
  "If-Match"?: string;
};
export type GetChatSessionApiResponse =
  /** status 200 Successful Response */ ChatSessionView;
export type GetChatSessionApiArg = {
  /** ID of the chat session, as shown in the list of sessions */
  sessionId: string;
};
export type ReplaceChatSessionApiResponse =
  /** status 200 Successful Response */ ChatSessionView;
export type ReplaceChatSessionApiArg = {
  /** ID of the chat session, as shown in the list of sessions */
  sessionId: string;
  /** `ETag` of the state that your change is based on. If the state has changed since, the response is 412, and nothing changes. Without this header, the change applies to any state. */
  "If-Match"?: string;
  chatSessionSpec: ChatSessionSpec;
};
export type ArchiveChatSessionApiResponse =
  /** status 200 Successful Response */ ChatSessionView;
export type ArchiveChatSessionApiArg = {
  /** ID of the chat session, as shown in the list of sessions */
  sessionId: string;
  /** Unique key that you choose for the request. If you repeat the request with this key within 24 hours, the API returns the first response and changes nothing. */
  "Idempotency-Key"?: string;
};
export type GetChatBranchApiResponse =
  /** status 200 Successful Response */ LeafView;
export type GetChatBranchApiArg = {
  /** ID of the chat session, as shown in the list of sessions */
  sessionId: string;
  /** `ETag` of the state that you have. If it is current, the response is 304 without a body. */
  "If-None-Match"?: string;
};
export type ChooseChatBranchApiResponse =
  /** status 200 Successful Response */ ChatSessionView;
export type ChooseChatBranchApiArg = {
  /** ID of the chat session, as shown in the list of sessions */
  sessionId: string;
  /** `ETag` of the state that your change is based on. If the state has changed since, the response is 412, and nothing changes. Without this header, the change applies to any state. */
  "If-Match"?: string;
  leafChoice: LeafChoice;
};
export type ListChatMessagesApiResponse =
  /** status 200 Successful Response */ ChatMessagePage;
export type ListChatMessagesApiArg = {
  /** ID of the chat session, as shown in the list of sessions */
  sessionId: string;
  /** ID of the last message of the branch to list. Default: the active branch. */
  branch?: string;
  /** Sort order: `-created_at` (newest first) or `created_at` (oldest first) */
  sort?: string;
  /** Maximum number of items per page */
  limit?: number;
  /** Value of `next_cursor` or `previous_cursor` from another page */
  cursor?: string;
};
export type CreateChatMessageApiResponse =
  | /** status 200 The reply has ended within the wait. With `stream`, server-sent events: first `message`, then the events of the reply. */ SentView
  | /** status 202 Successful Response */ SentView;
export type CreateChatMessageApiArg = {
  /** ID of the chat session, as shown in the list of sessions */
  sessionId: string;
  /** Unique key that you choose for the message. If you repeat the request with this key, the API returns the same message and reply. */
  "Idempotency-Key"?: string;
  /** `wait=N`: wait up to N seconds, at most 55, for the reply to end (RFC 7240) */
  prefer?: string;
  messageSpec: MessageSpec;
};
export type GetChatMessageApiResponse =
  /** status 200 Successful Response */ ChatMessageView;
export type GetChatMessageApiArg = {
  /** ID of the chat session, as shown in the list of sessions */
  sessionId: string;
  /** ID of the message, as shown in the list of messages */
  messageId: string;
};
export type RegenerateChatMessageApiResponse =
  | /** status 200 The reply has ended within the wait. With `stream`, server-sent events: first `message`, then the events of the reply. */ SentView
  | /** status 202 Successful Response */ SentView;
export type RegenerateChatMessageApiArg = {
  /** ID of the chat session, as shown in the list of sessions */
  sessionId: string;
  /** ID of the message, as shown in the list of messages */
  messageId: string;
  /** Unique key that you choose for the message. If you repeat the request with this key, the API returns the same message and reply. */
  "Idempotency-Key"?: string;
  /** `wait=N`: wait up to N seconds, at most 55, for the reply to end (RFC 7240) */
  prefer?: string;
  spec: RegenerateSpec | null;
};
export type RestoreChatSessionApiResponse =
  /** status 200 Successful Response */ ChatSessionView;
export type RestoreChatSessionApiArg = {
  /** ID of the chat session, as shown in the list of sessions */
  sessionId: string;
  /** Unique key that you choose for the request. If you repeat the request with this key within 24 hours, the API returns the first response and changes nothing. */
  "Idempotency-Key"?: string;
};
export type ListChatSessionSharesApiResponse =
  /** status 200 Successful Response */ SharePage;
export type ListChatSessionSharesApiArg = {
  /** ID of the chat session, as shown in the list of sessions */
  sessionId: string;
  /** Maximum number of items per page */
  limit?: number;
  /** Value of `next_cursor` from the previous page */
  cursor?: string;
};
export type UnshareChatSessionApiResponse = unknown;
export type UnshareChatSessionApiArg = {
  /** ID of the chat session, as shown in the list of sessions */
  sessionId: string;
  /** ID of the group, as shown in the list of groups */
  groupId: string;
};
export type ShareChatSessionApiResponse =
  /** status 200 Successful Response */ ShareView;
export type ShareChatSessionApiArg = {
  /** ID of the chat session, as shown in the list of sessions */
  sessionId: string;
  /** ID of the group, as shown in the list of groups */
  groupId: string;
  shareSpec: ShareSpec;
};
export type GetChatSuggestionsApiResponse =
  | /** status 200 Successful Response */ SuggestionsView
  | /** status 202 It is being written. Send the request again. */ SuggestionsView;
export type GetChatSuggestionsApiArg = {
  /** ID of the chat session, as shown in the list of sessions */
  sessionId: string;
  /** `wait=N`: wait up to N seconds, at most 55, for the reply to end (RFC 7240) */
  prefer?: string;
};
export type GetChatSummaryApiResponse =
  | /** status 200 Successful Response */ SummaryView
  | /** status 202 It is being written. Send the request again. */ SummaryView;
export type GetChatSummaryApiArg = {
  /** ID of the chat session, as shown in the list of sessions */
  sessionId: string;
  /** `wait=N`: wait up to N seconds, at most 55, for the reply to end (RFC 7240) */
  prefer?: string;
};
export type CreateChatTaskApiResponse =
  /** status 202 Successful Response */ SentView;
export type CreateChatTaskApiArg = {
  /** ID of the chat session, as shown in the list of sessions */
  sessionId: string;
  /** Unique key that you choose for the message. If you repeat the request with this key, the API returns the same message and reply. */
  "Idempotency-Key"?: string;
  taskMessageSpec: TaskMessageSpec;
};
export type CreateCodecAddressApiResponse =
  /** status 200 Successful Response */ CodecAddress;
export type CreateCodecAddressApiArg = void;
export type ListFilesApiResponse =
  /** status 200 Successful Response */ FilePage;
export type ListFilesApiArg = {
  /** Return only files whose name contains this text */
  q?: string;
  /** Return only your own objects (`mine`), only those that others share with you (`shared`), or both (`all`). Default: your own; for administrators, those of all users. */
  shared?: "mine" | "shared" | "all";
  /** Maximum number of items per page */
  limit?: number;
  /** Value of `next_cursor` from the previous page */
  cursor?: string;
};
export type CreateFileApiResponse =
  /** status 201 Successful Response */ FileView;
export type CreateFileApiArg = {
  /** Unique key that you choose for the request. If you repeat the request with this key within 24 hours, the API returns the first response and changes nothing. */
  "Idempotency-Key"?: string;
  body: {
    /** File to upload, up to `CHIMERA_MAX_FILE_BYTES` bytes */
    file: Blob;
  };
};
export type DeleteFileApiResponse = unknown;
export type DeleteFileApiArg = {
  /** ID of the file, as returned by the upload */
  fileId: string;
};
export type GetFileApiResponse = /** status 200 Successful Response */ FileView;
export type GetFileApiArg = {
  /** ID of the file, as returned by the upload */
  fileId: string;
};
export type ListFileSharesApiResponse =
  /** status 200 Successful Response */ SharePage;
export type ListFileSharesApiArg = {
  /** ID of the file, as returned by the upload */
  fileId: string;
  /** Maximum number of items per page */
  limit?: number;
  /** Value of `next_cursor` from the previous page */
  cursor?: string;
};
export type UnshareFileApiResponse = unknown;
export type UnshareFileApiArg = {
  /** ID of the file, as returned by the upload */
  fileId: string;
  /** ID of the group, as shown in the list of groups */
  groupId: string;
};
export type ShareFileApiResponse =
  /** status 200 Successful Response */ ShareView;
export type ShareFileApiArg = {
  /** ID of the file, as returned by the upload */
  fileId: string;
  /** ID of the group, as shown in the list of groups */
  groupId: string;
  shareSpec: ShareSpec;
};
export type ListGroupsApiResponse =
  /** status 200 Successful Response */ GroupPage;
export type ListGroupsApiArg = {
  /** Maximum number of items per page */
  limit?: number;
  /** Value of `next_cursor` from the previous page */
  cursor?: string;
};
export type CreateGroupApiResponse =
  /** status 201 Successful Response */ GroupView;
export type CreateGroupApiArg = {
  /** Unique key that you choose for the request. If you repeat the request with this key within 24 hours, the API returns the first response and changes nothing. */
  "Idempotency-Key"?: string;
  groupSpec: GroupSpec;
};
export type DeleteGroupApiResponse = unknown;
export type DeleteGroupApiArg = {
  /** ID of the group, as shown in the list of groups */
  groupId: string;
  /** `ETag` of the state that your change is based on. If the state has changed since, the response is 412, and nothing changes. Without this header, the change applies to any state. */
  "If-Match"?: string;
};
export type GetGroupApiResponse =
  /** status 200 Successful Response */ GroupView;
export type GetGroupApiArg = {
  /** ID of the group, as shown in the list of groups */
  groupId: string;
  /** `ETag` of the state that you have. If it is current, the response is 304 without a body. */
  "If-None-Match"?: string;
};
export type RenameGroupApiResponse =
  /** status 200 Successful Response */ GroupView;
export type RenameGroupApiArg = {
  /** ID of the group, as shown in the list of groups */
  groupId: string;
  /** `ETag` of the state that your change is based on. If the state has changed since, the response is 412, and nothing changes. Without this header, the change applies to any state. */
  "If-Match"?: string;
  groupSpec: GroupSpec;
};
export type ListMembersApiResponse =
  /** status 200 Successful Response */ MemberPage;
export type ListMembersApiArg = {
  /** ID of the group, as shown in the list of groups */
  groupId: string;
  /** Maximum number of items per page */
  limit?: number;
  /** Value of `next_cursor` from the previous page */
  cursor?: string;
};
export type PutMemberApiResponse =
  /** status 200 Successful Response */ MemberView;
export type PutMemberApiArg = {
  /** ID of the group, as shown in the list of groups */
  groupId: string;
  memberSpec: MemberSpec;
};
export type RemoveMemberApiResponse = unknown;
export type RemoveMemberApiArg = {
  /** ID of the group, as shown in the list of groups */
  groupId: string;
  /** ID of the member, as shown in the group's list of members */
  memberId: string;
};
export type ListGroupSharesApiResponse =
  /** status 200 Successful Response */ SharePage;
export type ListGroupSharesApiArg = {
  /** ID of the group, as shown in the list of groups */
  groupId: string;
  /** Maximum number of items per page */
  limit?: number;
  /** Value of `next_cursor` from the previous page */
  cursor?: string;
};
export type ListHoldsApiResponse =
  /** status 200 Successful Response */ HoldPage;
export type ListHoldsApiArg = {
  /** Maximum number of items per page */
  limit?: number;
  /** Value of `next_cursor` from the previous page */
  cursor?: string;
};
export type LiftHoldApiResponse = unknown;
export type LiftHoldApiArg = {
  /** ID of the task, chat session, completion, AI call or file */
  subjectId: string;
};
export type PlaceHoldApiResponse =
  /** status 200 Successful Response */ HoldView;
export type PlaceHoldApiArg = {
  /** ID of the task, chat session, completion, AI call or file */
  subjectId: string;
};
export type ListInvitationsApiResponse =
  /** status 200 Successful Response */ InvitationPage;
export type ListInvitationsApiArg = {
  /** Maximum number of items per page */
  limit?: number;
  /** Value of `next_cursor` from the previous page */
  cursor?: string;
};
export type CreateInvitationApiResponse =
  /** status 201 Successful Response */ NewInvitation;
export type CreateInvitationApiArg = {
  invitationSpec: InvitationSpec;
};
export type DeleteInvitationApiResponse = unknown;
export type DeleteInvitationApiArg = {
  /** ID of the invitation, as shown in the list of invitations */
  invitationId: string;
};
export type ListMcpServersApiResponse =
  /** status 200 Successful Response */ McpServerPage;
export type ListMcpServersApiArg = {
  /** Maximum number of items per page */
  limit?: number;
  /** Value of `next_cursor` from the previous page */
  cursor?: string;
};
export type CreateMcpServerApiResponse =
  /** status 201 Successful Response */ McpServerView;
export type CreateMcpServerApiArg = {
  /** Unique key that you choose for the request. If you repeat the request with this key within 24 hours, the API returns the first response and changes nothing. */
  "Idempotency-Key"?: string;
  mcpServerSpec: McpServerSpec;
};
export type DeleteMcpServerApiResponse = unknown;
export type DeleteMcpServerApiArg = {
  /** Name of the MCP server, for example `github` */
  name: string;
  /** `ETag` of the state that your change is based on. If the state has changed since, the response is 412, and nothing changes. Without this header, the change applies to any state. */
  "If-Match"?: string;
};
export type GetMcpServerApiResponse =
  /** status 200 Successful Response */ McpServerView;
export type GetMcpServerApiArg = {
  /** Name of the MCP server, for example `github` */
  name: string;
  /** `ETag` of the state that you have. If it is current, the response is 304 without a body. */
  "If-None-Match"?: string;
};
export type RefreshMcpServerApiResponse =
  /** status 200 Successful Response */ McpServerView;
export type RefreshMcpServerApiArg = {
  /** Name of the MCP server, for example `github` */
  name: string;
};
export type GetPolicyApiResponse =
  /** status 200 Successful Response */ PolicyView;
export type GetPolicyApiArg = {
  /** `ETag` of the state that you have. If it is current, the response is 304 without a body. */
  "If-None-Match"?: string;
};
export type ReplacePolicyApiResponse =
  /** status 200 Successful Response */ PolicyView;
export type ReplacePolicyApiArg = {
  /** `ETag` of the state that your change is based on. If the state has changed since, the response is 412, and nothing changes. Without this header, the change applies to any state. */
  "If-Match"?: string;
  policyInput: Policy;
};
export type GetInstallationPolicyApiResponse =
  /** status 200 Successful Response */ Policy2;
export type GetInstallationPolicyApiArg = {
  /** `ETag` of the state that you have. If it is current, the response is 304 without a body. */
  "If-None-Match"?: string;
};
export type ReplaceInstallationPolicyApiResponse =
  /** status 200 Successful Response */ Policy2;
export type ReplaceInstallationPolicyApiArg = {
  /** `ETag` of the state that your change is based on. If the state has changed since, the response is 412, and nothing changes. Without this header, the change applies to any state. */
  "If-Match"?: string;
  policyInput: Policy;
};
export type TestPolicyApiResponse =
  /** status 200 Successful Response */ PolicyTestView;
export type TestPolicyApiArg = {
  policyTest: PolicyTest;
};
export type GetReplyApiResponse =
  /** status 200 Successful Response */ ReplyView;
export type GetReplyApiArg = {
  /** ID of the reply, as returned when it was requested */
  replyId: string;
};
export type ListReplyApprovalsApiResponse =
  /** status 200 Successful Response */ ApprovalPage;
export type ListReplyApprovalsApiArg = {
  /** ID of the reply, as returned when it was requested */
  replyId: string;
  /** Return only approvals with this status, including those that others decide about, if you can see them. To select several statuses, repeat the parameter. Default: only those that wait for you. */
  status?: ApprovalStatus[];
  /** Return only approvals of this kind. To select several kinds, repeat the parameter. */
  kind?: ApprovalKind[];
  /** Maximum number of items per page */
  limit?: number;
  /** Value of `next_cursor` from the previous page */
  cursor?: string;
};
export type RaiseReplyBudgetApiResponse =
  /** status 200 Successful Response */ ReplyView;
export type RaiseReplyBudgetApiArg = {
  /** ID of the reply, as returned when it was requested */
  replyId: string;
  budget: Budget;
};
export type CancelReplyApiResponse =
  /** status 202 Successful Response */ ReplyView;
export type CancelReplyApiArg = {
  /** ID of the reply, as returned when it was requested */
  replyId: string;
};
export type GetReplyCostApiResponse =
  /** status 200 Successful Response */ CostView;
export type GetReplyCostApiArg = {
  /** ID of the reply, as returned when it was requested */
  replyId: string;
};
export type ListReplyMessagesApiResponse =
  /** status 200 Successful Response */ MessagePage;
export type ListReplyMessagesApiArg = {
  /** ID of the reply, as returned when it was requested */
  replyId: string;
  /** Maximum number of items per page */
  limit?: number;
  /** Value of `next_cursor` from the previous page */
  cursor?: string;
};
export type ListSchedulesApiResponse =
  /** status 200 Successful Response */ SchedulePage;
export type ListSchedulesApiArg = {
  /** Return only your own objects (`mine`), only those that others share with you (`shared`), or both (`all`). Default: your own; for administrators, those of all users. */
  shared?: "mine" | "shared" | "all";
  /** Maximum number of items per page */
  limit?: number;
  /** Value of `next_cursor` from the previous page */
  cursor?: string;
};
export type CreateScheduleApiResponse =
  /** status 201 Successful Response */ ScheduleView;
export type CreateScheduleApiArg = {
  /** Unique key that you choose for the request. If you repeat the request with this key within 24 hours, the API returns the first response and changes nothing. */
  "Idempotency-Key"?: string;
  scheduleSpec: ScheduleSpec;
};
export type PreviewScheduleApiResponse =
  /** status 200 Successful Response */ PreviewView;
export type PreviewScheduleApiArg = {
  previewSpec: PreviewSpec;
};
export type DeleteScheduleApiResponse = unknown;
export type DeleteScheduleApiArg = {
  /** ID of the schedule, as shown in the list of schedules */
  scheduleId: string;
  /** `ETag` of the state that your change is based on. If the state has changed since, the response is 412, and nothing changes. Without this header, the change applies to any state. */
  "If-Match"?: string;
};
export type GetScheduleApiResponse =
  /** status 200 Successful Response */ ScheduleView;
export type GetScheduleApiArg = {
  /** ID of the schedule, as shown in the list of schedules */
  scheduleId: string;
};
export type ReplaceScheduleApiResponse =
  /** status 200 Successful Response */ ScheduleView;
export type ReplaceScheduleApiArg = {
  /** ID of the schedule, as shown in the list of schedules */
  scheduleId: string;
  /** `ETag` of the state that your change is based on. If the state has changed since, the response is 412, and nothing changes. Without this header, the change applies to any state. */
  "If-Match"?: string;
  scheduleSpec: ScheduleSpec;
};
export type BackfillScheduleApiResponse =
  /** status 202 Successful Response */ BackfillView;
export type BackfillScheduleApiArg = {
  /** ID of the schedule, as shown in the list of schedules */
  scheduleId: string;
  /** Unique key that you choose for the request. If you repeat the request with this key within 24 hours, the API returns the first response and changes nothing. */
  "Idempotency-Key"?: string;
  backfillSpec: BackfillSpec;
};
export type PauseScheduleApiResponse =
  /** status 200 Successful Response */ ScheduleView;
export type PauseScheduleApiArg = {
  /** ID of the schedule, as shown in the list of schedules */
  scheduleId: string;
};
export type ResumeScheduleApiResponse =
  /** status 200 Successful Response */ ScheduleView;
export type ResumeScheduleApiArg = {
  /** ID of the schedule, as shown in the list of schedules */
  scheduleId: string;
};
export type ListScheduleRunsApiResponse =
  /** status 200 Successful Response */ TaskPage;
export type ListScheduleRunsApiArg = {
  /** ID of the schedule, as shown in the list of schedules */
  scheduleId: string;
  /** Maximum number of items per page */
  limit?: number;
  /** Value of `next_cursor` from the previous page */
  cursor?: string;
};
export type ListScheduleSharesApiResponse =
  /** status 200 Successful Response */ SharePage;
export type ListScheduleSharesApiArg = {
  /** ID of the schedule, as shown in the list of schedules */
  scheduleId: string;
  /** Maximum number of items per page */
  limit?: number;
  /** Value of `next_cursor` from the previous page */
  cursor?: string;
};
export type UnshareScheduleApiResponse = unknown;
export type UnshareScheduleApiArg = {
  /** ID of the schedule, as shown in the list of schedules */
  scheduleId: string;
  /** ID of the group, as shown in the list of groups */
  groupId: string;
};
export type ShareScheduleApiResponse =
  /** status 200 Successful Response */ ShareView;
export type ShareScheduleApiArg = {
  /** ID of the schedule, as shown in the list of schedules */
  scheduleId: string;
  /** ID of the group, as shown in the list of groups */
  groupId: string;
  shareSpec: ShareSpec;
};
export type TriggerScheduleApiResponse =
  /** status 202 Successful Response */ ScheduleView;
export type TriggerScheduleApiArg = {
  /** ID of the schedule, as shown in the list of schedules */
  scheduleId: string;
  /** Unique key that you choose for the request. If you repeat the request with this key within 24 hours, the API returns the first response and changes nothing. */
  "Idempotency-Key"?: string;
};
export type ListSystemLogApiResponse =
  /** status 200 Successful Response */ LogPage;
export type ListSystemLogApiArg = {
  /** Only entries of this level */
  level?: "info" | "warning" | "error" | "critical";
  /** Only entries of this component, for example `worker` */
  component?: string;
  /** Only entries since this time, with a time zone */
  since?: string;
  /** Text that the event or its fields contain */
  q?: string;
  /** Maximum number of items per page */
  limit?: number;
  /** The `next_cursor` of the previous page, unchanged */
  cursor?: string;
};
export type ListNotificationsApiResponse =
  /** status 200 Successful Response */ NotificationPageRead;
export type ListNotificationsApiArg = {
  /** `true` to return only notifications that you haven't read */
  unread?: boolean;
  /** Maximum number of items per page */
  limit?: number;
  /** Value of `next_cursor` from the previous page */
  cursor?: string;
};
export type ReadNotificationsApiResponse =
  /** status 200 Successful Response */ NotificationCounts;
export type ReadNotificationsApiArg = {
  readMark: ReadMark;
};
export type ReadNotificationApiResponse =
  /** status 200 Successful Response */ NotificationViewRead;
export type ReadNotificationApiArg = {
  /** ID of the notification, as shown in the list */
  notificationId: number;
};
export type ListRetentionRunsApiResponse =
  /** status 200 Successful Response */ RetentionPage;
export type ListRetentionRunsApiArg = {
  /** Maximum number of items per page */
  limit?: number;
  /** Value of `next_cursor` from the previous page */
  cursor?: string;
};
export type RunRetentionApiResponse =
  | /** status 200 A dry run: what would be deleted */ RetentionView
  | /** status 202 Successful Response */ RetentionView;
export type RunRetentionApiArg = {
  /** Unique key that you choose for the request. If you repeat the request with this key within 24 hours, the API returns the first response and changes nothing. */
  "Idempotency-Key"?: string;
  retentionRequest: RetentionRequest;
};
export type GetRetentionRunApiResponse =
  /** status 200 Successful Response */ RetentionView;
export type GetRetentionRunApiArg = {
  /** ID of the retention run, as shown in the list */
  retentionId: string;
};
export type ListTasksApiResponse =
  /** status 200 Successful Response */ TaskPage;
export type ListTasksApiArg = {
  /** Maximum number of items per page */
  limit?: number;
  /** Value of `next_cursor` from the previous page */
  cursor?: string;
  /** Return only tasks in this state. To select several states, repeat the parameter. */
  status?: RunStatus[];
  /** Return only tasks created by this schedule */
  scheduleId?: string;
  /** Return only tasks whose title or goal contains this text */
  q?: string;
  /** Return only tasks with a subtask of the agent with this name. For an agent that others share with you, the tasks may contain its ID. */
  agent?: string;
  /** Return only tasks that wait for this: a decision, an answer or a budget */
  waitsFor?: WaitsFor;
  /** Return only your own objects (`mine`), only those that others share with you (`shared`), or both (`all`). Default: your own; for administrators, those of all users. */
  shared?: "mine" | "shared" | "all";
  /** Sort order: `-created_at` (newest first) or `created_at` (oldest first) */
  sort?: string;
};
export type CreateTaskApiResponse =
  /** status 202 Successful Response */ TaskView;
export type CreateTaskApiArg = {
  /** Unique key that you choose for the task. If you repeat the request with this key, the API returns the same task. */
  "Idempotency-Key"?: string;
  taskSpec: TaskSpec;
};
export type GetTaskCountsApiResponse =
  /** status 200 Successful Response */ TaskCounts;
export type GetTaskCountsApiArg = {
  /** IANA name of the time zone of today, for example `Europe/Berlin` */
  timeZone?: string;
};
export type EstimateTaskApiResponse =
  /** status 200 Successful Response */ TaskEstimate;
export type EstimateTaskApiArg = {
  taskSpec: TaskSpec;
};
export type ListTaskTypesApiResponse =
  /** status 200 Successful Response */ TaskTypes;
export type ListTaskTypesApiArg = void;
export type DeleteTaskApiResponse = unknown;
export type DeleteTaskApiArg = {
  /** Full ID of the task, as returned by `POST /api/v1/tasks` */
  taskId: string;
  /** `ETag` of the state that your change is based on. If the state has changed since, the response is 412, and nothing changes. Without this header, the change applies to any state. */
  "If-Match"?: string;
};
export type GetTaskApiResponse = /** status 200 Successful Response */ TaskView;
export type GetTaskApiArg = {
  /** Full ID of the task, as returned by `POST /api/v1/tasks` */
  taskId: string;
};
export type ChangeTaskApiResponse =
  /** status 200 Successful Response */ TaskView;
export type ChangeTaskApiArg = {
  /** Full ID of the task, as returned by `POST /api/v1/tasks` */
  taskId: string;
  /** `ETag` of the state that your change is based on. If the state has changed since, the response is 412, and nothing changes. Without this header, the change applies to any state. */
  "If-Match"?: string;
  taskChange: TaskChange;
};
export type AnswerQuestionApiResponse =
  /** status 200 Successful Response */ ApprovalView;
export type AnswerQuestionApiArg = {
  /** Full ID of the task, as returned by `POST /api/v1/tasks` */
  taskId: string;
  /** ID of the question, as shown in the list of approvals */
  questionId: string;
  answer: Answer;
};
export type ListTaskApprovalsApiResponse =
  /** status 200 Successful Response */ ApprovalPage;
export type ListTaskApprovalsApiArg = {
  /** Full ID of the task, as returned by `POST /api/v1/tasks` */
  taskId: string;
  /** Return only approvals with this status, including those that others decide about, if you can see them. To select several statuses, repeat the parameter. Default: only those that wait for you. */
  status?: ApprovalStatus[];
  /** Return only approvals of this kind. To select several kinds, repeat the parameter. */
  kind?: ApprovalKind[];
  /** Maximum number of items per page */
  limit?: number;
  /** Value of `next_cursor` from the previous page */
  cursor?: string;
};
export type DecideApprovalApiResponse =
  /** status 200 Successful Response */ ApprovalView;
export type DecideApprovalApiArg = {
  /** Full ID of the task, as returned by `POST /api/v1/tasks` */
  taskId: string;
  /** ID of the approval, as shown in the list of approvals */
  approvalId: string;
  decision:
    | ({
        decision: "again";
      } & Again)
    | ({
        decision: "approve";
      } & Approve)
    | ({
        decision: "happened";
      } & Happened)
    | ({
        decision: "not_happened";
      } & NotHappened)
    | ({
        decision: "reject";
      } & Reject);
};
export type RaiseTaskBudgetApiResponse =
  /** status 202 Successful Response */ TaskView;
export type RaiseTaskBudgetApiArg = {
  /** Full ID of the task, as returned by `POST /api/v1/tasks` */
  taskId: string;
  budget: Budget;
};
export type CancelTaskApiResponse =
  /** status 202 Successful Response */ TaskView;
export type CancelTaskApiArg = {
  /** Full ID of the task, as returned by `POST /api/v1/tasks` */
  taskId: string;
};
export type GetTaskCostApiResponse =
  /** status 200 Successful Response */ CostView;
export type GetTaskCostApiArg = {
  /** Full ID of the task, as returned by `POST /api/v1/tasks` */
  taskId: string;
};
export type ListTaskEventsApiResponse =
  /** status 200 Successful Response */ EventPage;
export type ListTaskEventsApiArg = {
  /** Full ID of the task, as returned by `POST /api/v1/tasks` */
  taskId: string;
  /** Return only events with a higher sequence number than this */
  after?: number;
  /** Maximum number of items per page */
  limit?: number;
};
export type ExecuteTaskApiResponse =
  /** status 202 Successful Response */ TaskView;
export type ExecuteTaskApiArg = {
  /** Full ID of the task, as returned by `POST /api/v1/tasks` */
  taskId: string;
  /** Unique key that you choose for the request. If you repeat the request with this key within 24 hours, the API returns the first response and changes nothing. */
  "Idempotency-Key"?: string;
};
export type ListTaskFilesApiResponse =
  /** status 200 Successful Response */ FilePage;
export type ListTaskFilesApiArg = {
  /** Full ID of the task, as returned by `POST /api/v1/tasks` */
  taskId: string;
  /** Maximum number of items per page */
  limit?: number;
  /** Value of `next_cursor` from the previous page */
  cursor?: string;
};
export type ListTaskMessagesApiResponse =
  /** status 200 Successful Response */ MessagePage;
export type ListTaskMessagesApiArg = {
  /** Full ID of the task, as returned by `POST /api/v1/tasks` */
  taskId: string;
  /** Path of the subtask whose messages are listed. An empty path selects the task's own calls. */
  path?: string;
  /** Maximum number of items per page */
  limit?: number;
  /** Value of `next_cursor` from the previous page */
  cursor?: string;
};
export type PauseTaskApiResponse =
  /** status 202 Successful Response */ TaskView;
export type PauseTaskApiArg = {
  /** Full ID of the task, as returned by `POST /api/v1/tasks` */
  taskId: string;
};
export type ResumeTaskApiResponse =
  /** status 202 Successful Response */ TaskView;
export type ResumeTaskApiArg = {
  /** Full ID of the task, as returned by `POST /api/v1/tasks` */
  taskId: string;
};
export type RetryTaskApiResponse =
  /** status 202 Successful Response */ TaskView;
export type RetryTaskApiArg = {
  /** Full ID of the task, as returned by `POST /api/v1/tasks` */
  taskId: string;
  /** Unique key that you choose for the request. If you repeat the request with this key within 24 hours, the API returns the first response and changes nothing. */
  "Idempotency-Key"?: string;
  wish: TaskRetry | null;
};
export type ListTaskSharesApiResponse =
  /** status 200 Successful Response */ SharePage;
export type ListTaskSharesApiArg = {
  /** Full ID of the task, as returned by `POST /api/v1/tasks` */
  taskId: string;
  /** Maximum number of items per page */
  limit?: number;
  /** Value of `next_cursor` from the previous page */
  cursor?: string;
};
export type UnshareTaskApiResponse = unknown;
export type UnshareTaskApiArg = {
  /** Full ID of the task, as returned by `POST /api/v1/tasks` */
  taskId: string;
  /** ID of the group, as shown in the list of groups */
  groupId: string;
};
export type ShareTaskApiResponse =
  /** status 200 Successful Response */ ShareView;
export type ShareTaskApiArg = {
  /** Full ID of the task, as returned by `POST /api/v1/tasks` */
  taskId: string;
  /** ID of the group, as shown in the list of groups */
  groupId: string;
  shareSpec: ShareSpec;
};
export type SteerTaskApiResponse =
  /** status 200 Successful Response */ GuidanceView;
export type SteerTaskApiArg = {
  /** Full ID of the task, as returned by `POST /api/v1/tasks` */
  taskId: string;
  /** Unique key that you choose for the request. If you repeat the request with this key within 24 hours, the API returns the first response and changes nothing. */
  "Idempotency-Key"?: string;
  guidance: Guidance;
};
export type ListSubtasksApiResponse =
  /** status 200 Successful Response */ SubtaskPage;
export type ListSubtasksApiArg = {
  /** Full ID of the task, as returned by `POST /api/v1/tasks` */
  taskId: string;
  /** Maximum number of items per page */
  limit?: number;
  /** Value of `next_cursor` from the previous page */
  cursor?: string;
};
export type GetTaskTimelineApiResponse =
  /** status 200 Successful Response */ TimelineView;
export type GetTaskTimelineApiArg = {
  /** Full ID of the task, as returned by `POST /api/v1/tasks` */
  taskId: string;
  /** Path of the only subtask whose spans are returned. An empty path selects those of the task itself. */
  path?: string;
};
export type ListToolsApiResponse =
  /** status 200 Successful Response */ ToolPage;
export type ListToolsApiArg = {
  /** Name or ID of an agent: list only the tools that it can use */
  agent?: string;
  /** Maximum number of items per page */
  limit?: number;
  /** Value of `next_cursor` from the previous page */
  cursor?: string;
};
export type GetToolApiResponse =
  /** status 200 Successful Response */ ToolDetails;
export type GetToolApiArg = {
  /** Full name of the tool, for example `calculator` */
  name: string;
  /** `ETag` of the state that you have. If it is current, the response is 304 without a body. */
  "If-None-Match"?: string;
};
export type AcceptToolApiResponse =
  /** status 200 Successful Response */ ToolDetails;
export type AcceptToolApiArg = {
  /** Full name of the tool, for example `calculator` */
  name: string;
  /** Unique key that you choose for the request. If you repeat the request with this key within 24 hours, the API returns the first response and changes nothing. */
  "Idempotency-Key"?: string;
  acceptance: Acceptance | null;
};
export type GetLimitsApiResponse =
  /** status 200 Successful Response */ LimitsView;
export type GetLimitsApiArg = void;
export type ListUsersApiResponse =
  /** status 200 Successful Response */ UserPage;
export type ListUsersApiArg = {
  /** Maximum number of items per page */
  limit?: number;
  /** Value of `next_cursor` from the previous page */
  cursor?: string;
  /** Kind of accounts: `person`, or `service` for service accounts */
  kind?: "person" | "service";
  /** Return only users with this role */
  role?: "user" | "admin" | "viewer";
  /** Return only accounts in this state. Default: all but deleted ones. */
  state?: "active" | "disabled" | "deleted";
  /** Return only users whose name or e-mail address contains this */
  q?: string;
  /** Sort order. A minus sign means descending. */
  sort?: "-created_at" | "created_at" | "-email" | "email";
};
export type CreateServiceAccountApiResponse =
  /** status 201 Successful Response */ UserDetails;
export type CreateServiceAccountApiArg = {
  /** Unique key that you choose for the request. If you repeat the request with this key within 24 hours, the API returns the first response and changes nothing. */
  "Idempotency-Key"?: string;
  serviceAccountSpec: ServiceAccountSpec;
};
export type DeleteUserApiResponse = unknown;
export type DeleteUserApiArg = {
  /** ID of the user, as shown in the list of users */
  userId: string;
  /** `ETag` of the state that your change is based on. If the state has changed since, the response is 412, and nothing changes. Without this header, the change applies to any state. */
  "If-Match"?: string;
};
export type GetUserApiResponse =
  /** status 200 Successful Response */ UserDetails;
export type GetUserApiArg = {
  /** ID of the user, as shown in the list of users */
  userId: string;
};
export type ChangeUserApiResponse =
  /** status 200 Successful Response */ UserDetails;
export type ChangeUserApiArg = {
  /** ID of the user, as shown in the list of users */
  userId: string;
  /** `ETag` of the state that your change is based on. If the state has changed since, the response is 412, and nothing changes. Without this header, the change applies to any state. */
  "If-Match"?: string;
  userChange: UserChange;
};
export type ListUserKeysApiResponse =
  /** status 200 Successful Response */ ApiKeyPage;
export type ListUserKeysApiArg = {
  /** ID of the user, as shown in the list of users */
  userId: string;
  /** Maximum number of items per page */
  limit?: number;
  /** Value of `next_cursor` from the previous page */
  cursor?: string;
};
export type CreateServiceKeyApiResponse =
  /** status 201 Successful Response */ NewApiKey;
export type CreateServiceKeyApiArg = {
  /** ID of the user, as shown in the list of users */
  userId: string;
  apiKeySpec: ApiKeySpec;
};
export type DeleteUserKeyApiResponse = unknown;
export type DeleteUserKeyApiArg = {
  /** ID of the user, as shown in the list of users */
  userId: string;
  /** ID of the API key, as shown in the list of API keys */
  keyId: string;
};
export type DisableUserApiResponse =
  /** status 200 Successful Response */ UserDetails;
export type DisableUserApiArg = {
  /** ID of the user, as shown in the list of users */
  userId: string;
};
export type EnableUserApiResponse =
  /** status 200 Successful Response */ UserDetails;
export type EnableUserApiArg = {
  /** ID of the user, as shown in the list of users */
  userId: string;
};
export type GetUserLimitsApiResponse =
  /** status 200 Successful Response */ LimitsView;
export type GetUserLimitsApiArg = {
  /** ID of the user */
  userId: string;
};
export type SetUserLimitsApiResponse =
  /** status 200 Successful Response */ LimitsView;
export type SetUserLimitsApiArg = {
  /** ID of the user */
  userId: string;
  /** `ETag` of the state that your change is based on. If the state has changed since, the response is 412, and nothing changes. Without this header, the change applies to any state. */
  "If-Match"?: string;
  userLimits: UserLimits;
};
export type CreatePasswordResetApiResponse =
  /** status 201 Successful Response */ NewPasswordReset;
export type CreatePasswordResetApiArg = {
  /** ID of the user, as shown in the list of users */
  userId: string;
};
export type GetHealthApiResponse = /** status 200 Successful Response */ Health;
export type GetHealthApiArg = void;
export type AgentLimits = {
  /** Maximum cost of an agent's own model calls per subtask, in millionths of a US dollar. A call that could exceed it fails the subtask. */
  max_cost_micro_usd?: number | null;
  /** Number of turns in a row with the same tool calls after which the agent has to answer */
  max_identical_calls?: number;
  /** Seconds after the start of a subtask after which the agent has to answer. Waiting counts too. */
  max_seconds?: number | null;
  /** Number of tool calls per subtask after which the agent has to answer. The tool calls of a turn always run together. */
  max_tool_calls?: number | null;
  /** Maximum number of model calls per subtask. The task's `limits.max_turns` applies too. */
  max_turns?: number | null;
};
export type JsonValue = any;
export type Right = "view" | "use" | "edit";
export type AgentView = {
  /** Whether new tasks and schedules can use the agent */
  active?: boolean;
  /** `true` for an agent that comes with Chimera */
  built_in: boolean;
  /** What it is for */
  description: string;
  /** Models that are tried if the one before fails, as `provider/model` */
  fallbacks?: string[];
  /** ID of the agent. `null` for built-in agents. */
  id?: string | null;
  /** Limits on each subtask */
  limits?: AgentLimits;
  /** Maximum number of tokens per answer */
  max_output_tokens: number;
  /** Model, as `provider/model` */
  model: string | null;
  /** Name */
  name: string;
  /** JSON Schema of the answer. `null` if there is none. */
  output_schema?: {
    [key: string]: JsonValue;
  } | null;
  /** ID of the user who owns the agent. `null` for built-in agents. */
  owner_id?: string | null;
  /** The prompt */
  prompt: string;
  /** Reasoning effort, for models that can reason */
  reasoning_effort: ("none" | "low" | "medium" | "high") | null;
  /** Your right to an agent that another user shares with you. `null` for built-in and own agents. */
  right?: Right | null;
  /** Role */
  role: string;
  /** Sampling temperature. `null` for the model's default. */
  temperature: number | null;
  /** Names of the tools */
  tools: string[];
  /** Newest version. `null` for built-in agents. */
  version?: number | null;
};
export type AgentPage = {
  /** The items of this page */
  items: AgentView[];
  /** Send this value as `cursor` to get the next page. `null` on the last page. */
  next_cursor?: string | null;
};
export type FieldProblem = {
  /** Name of the field */
  field: string;
  /** Explanation for people */
  message: string;
};
export type Action =
  | "sign_in"
  | "refresh_token"
  | "create_api_key"
  | "list_api_keys"
  | "list_users"
  | "list_invitations"
  | "list_sessions"
  | "create_codec_address"
  | "create_task"
  | "execute_task"
  | "resume_task"
  | "retry_task"
  | "raise_budget"
  | "cancel_task"
  | "delete_task"
  | "show_task"
  | "show_cost"
  | "show_limits"
  | "list_tasks"
  | "create_agent"
  | "change_agent"
  | "activate_agent"
  | "list_agent_versions"
  | "list_agents"
  | "list_tools"
  | "show_tool"
  | "accept_tool"
  | "list_mcp_servers"
  | "list_models"
  | "list_providers"
  | "show_approval"
  | "list_approvals"
  | "show_reply"
  | "raise_reply_budget"
  | "show_ai_call"
  | "list_ai_calls"
  | "list_files"
  | "list_chat_sessions"
  | "list_chat_messages"
  | "list_schedules"
  | "check_health"
  | "read_api_document"
  | "start_chimera";
export type RemedyView = {
  /** What to do */
  action: Action;
  /** Fields to send in the request body. `null` if no fields are suggested. */
  body?: {
    [key: string]: number;
  } | null;
  /** Request path on this server */
  href: string;
  /** HTTP method */
  method: "GET" | "POST" | "PUT" | "DELETE";
  /** ID or name of the object that the action applies to */
  target?: string | null;
};
export type Problem = {
  /** Error code for programs. It stays the same even if the error text changes. */
  code: string;
  /** What went wrong, and how to fix it */
  detail: string;
  /** The fields at fault, if there are any */
  errors?: FieldProblem[];
  /** Request ID, which also appears in the `X-Request-ID` header and in the request's log lines */
  instance: string;
  /** Suggested request to fix the problem. `null` if there is none. */
  remedy?: RemedyView | null;
  /** HTTP status */
  status: number;
  /** What kind of problem it is, in a few words */
  title: string;
  /** URI of the problem type: `/docs/errors#<code>`, where it is explained */
  type: string;
};
export type AgentSpec = {
  /** When the planner should choose this agent */
  description?: string;
  /** Fallback models. When a model fails, the next one in this list is tried. */
  fallbacks?: string[];
  /** Limits on each subtask */
  limits?: AgentLimits;
  /** Maximum number of tokens per answer */
  max_output_tokens?: number;
  /** Model for the agent, as `provider/model`. Default: the task's model. */
  model?: string | null;
  /** Name */
  name: string;
  /** JSON Schema of the answer. `null` if there is none. */
  output_schema?: {
    [key: string]: JsonValue;
  } | null;
  /** System prompt for the agent */
  prompt: string;
  /** Reasoning effort, for reasoning models. Default: the model's default. */
  reasoning_effort?: ("none" | "low" | "medium" | "high") | null;
  /** Role */
  role?: string;
  /** Sampling temperature. Not sent to models that don't accept a temperature. */
  temperature?: number | null;
  /** Names of the tools */
  tools?: string[];
};
export type Operation = "embeddings" | "images" | "transcriptions";
export type MediaModelView = {
  /** Model, as `provider/model` */
  model: string;
  /** Operation of the call */
  operation: Operation;
  /** Name of the provider */
  provider: string;
  /** `true` if the built-in simulator answers */
  simulated: boolean;
};
export type ModelAbility =
  "tools" | "structured_output" | "image_input" | "reasoning";
export type PriceView = {
  /** Date of the price */
  as_of: string;
  /** Price of tokens written to the provider's cache, in millionths of a US dollar per million */
  cache_write: number;
  /** Price of input tokens read from the provider's cache, in millionths of a US dollar per million */
  cached_input: number;
  /** Price of input tokens, in millionths of a US dollar per million */
  input: number;
  /** Price of output tokens, in millionths of a US dollar per million */
  output: number;
  /** Where it comes from */
  source: string;
};
export type ModelView = {
  /** The model's capabilities. `null` if no model list contains them. */
  abilities?: ModelAbility[] | null;
  /** Why the model can't be used, and how to fix it */
  advice?: string;
  /** Size of the context window, in tokens */
  context_tokens: number;
  /** Maximum number of tokens per answer */
  max_output_tokens: number;
  /** Name to use in tasks and agents, as `provider/model` */
  model: string;
  /** Price of the model. `null` if it isn't known. */
  price: PriceView | null;
  /** Name of the provider */
  provider: string;
  /** `true` if the built-in simulator answers */
  simulated: boolean;
  /** `true` if agents can use the model */
  usable: boolean;
};
export type ModelsView = {
  /** Models for embeddings, images and transcriptions. A model is listed only if its price shows which of these operations it is for. */
  media?: MediaModelView[];
  /** The models */
  models: ModelView[];
  /** Providers whose models couldn't be listed, each with the reason */
  unreachable: {
    [key: string]: string;
  };
};
export type AgentType = {
  /** Name of the agent */
  agent: string | null;
  /** What it is for */
  description: string;
  /** Role */
  role: string;
};
export type FieldChange = {
  /** Value in `to_version`. `null` for `prompt`, whose text is in `diff`. */
  after: JsonValue;
  /** Value in `from_version`. `null` for `prompt`, whose text is in `diff`. */
  before: JsonValue;
  /** For `prompt`: the changed lines, as a unified diff */
  diff?: string | null;
  /** Name of the field */
  field: string;
};
export type VersionDiff = {
  /** Fields that differ. Empty if the versions are equal. */
  changes: FieldChange[];
  /** Number of the first version */
  from_version: number;
  /** Number of the second version */
  to_version: number;
};
export type Usage = {
  /** Number of input tokens written to the provider's cache */
  cache_write_tokens?: number;
  /** Number of input tokens read from the provider's cache */
  cached_input_tokens?: number;
  /** Total number of input tokens, including cached tokens */
  input_tokens?: number;
  /** Total number of output tokens, including reasoning */
  output_tokens?: number;
  /** Number of output tokens used for hidden reasoning */
  reasoning_tokens?: number;
};
export type VersionMetrics = {
  /** Number of attempts at these calls, including failed attempts */
  attempts: number;
  /** Number of model calls */
  calls: number;
  /** Cost, in millionths of a US dollar */
  cost_micro_usd: number;
  /** Number of failed attempts by error code. Cancelled attempts don't count. */
  failures: {
    [key: string]: number;
  };
  /** Median duration of finished attempts, in milliseconds */
  latency_p50_ms: number | null;
  /** 95th percentile of these durations, in milliseconds */
  latency_p95_ms: number | null;
  /** Number of tokens */
  usage: Usage;
  /** `null` for built-in agents */
  version: number | null;
};
export type AgentMetricsView = {
  /** The beginning of the period that is counted */
  since: string;
  /** Metrics of each version with attempts in this period, newest first */
  versions: VersionMetrics[];
};
export type Rollback = {
  /** Number of the version */
  version: number;
};
export type ShareKind = "task" | "schedule" | "file" | "chat_session" | "agent";
export type ShareView = {
  /** When it was created, in UTC */
  created_at: string;
  /** Name of the group */
  group: string;
  /** ID of the group */
  group_id: string;
  /** Kind of the shared object */
  kind: ShareKind;
  /** ID of the shared object */
  resource_id: string;
  /** What the members of the group may do with the object */
  right: Right;
};
export type SharePage = {
  /** The items of this page */
  items: ShareView[];
  /** Cursor of the next page. `null` on the last page. */
  next_cursor?: string | null;
};
export type ShareSpec = {
  /** What the members of the group may do with the object */
  right?: Right;
};
export type Purpose =
  | "plan"
  | "turn"
  | "aggregate"
  | "summary"
  | "embeddings"
  | "images"
  | "transcriptions";
export type AgentCall = {
  /** Path of the subtask; empty for the task itself */
  path: string;
  /** What the model call is for */
  purpose: Purpose;
  /** When the current attempt started */
  since: string;
  /** Number of the model call in its node, from 1 */
  step: number;
  /** ID of the task */
  task_id: string;
};
export type ApprovalKind = "tool_call" | "question" | "outcome";
export type AgentWait = {
  /** ID of the approval */
  approval_id: string;
  /** E-mail addresses of the users who may decide. Administrators can always decide. */
  approvers: string[];
  /** Kind */
  kind: ApprovalKind;
  /** Path of the subtask; empty for the task itself */
  path: string;
  /** When the agent began to wait */
  since: string;
  /** ID of the task */
  task_id: string;
  /** Name of the tool */
  tool: string;
};
export type AgentStatusView = {
  /** Model calls in flight, oldest first, at most 50 */
  calls: AgentCall[];
  /** `busy` if the agent has model calls in flight */
  status: "idle" | "busy";
  /** Number of open tasks with subtasks for the agent that haven't started */
  tasks_waiting: number;
  /** Pending decisions that the agent waits for, oldest first, at most 50 */
  waits_for?: AgentWait[];
};
export type VersionView = {
  /** Fields that differ from the version before. Empty for the first version. */
  changed: string[];
  /** When it was created, in UTC */
  created_at: string;
  /** Number of the version */
  version: number;
};
export type VersionPage = {
  /** The items of this page */
  items: VersionView[];
  /** Send this value as `cursor` to get the next page. `null` on the last page. */
  next_cursor?: string | null;
};
export type AgentVersionView = {
  /** Name of the agent */
  agent: AgentSpec;
  /** When it was created, in UTC */
  created_at: string;
  /** Number of the version */
  version: number;
};
export type RunStatus =
  | "draft"
  | "queued"
  | "running"
  | "paused"
  | "waiting"
  | "cancelling"
  | "completed"
  | "failed"
  | "cancelled";
export type MediaUsage = {
  /** Duration of the audio in seconds */
  audio_seconds?: number;
  /** Number of generated images */
  images?: number;
  /** Number of audio tokens in the input */
  input_audio_tokens?: number;
  /** Number of image tokens in the input */
  input_image_tokens?: number;
  /** Total number of input tokens */
  input_tokens?: number;
  /** Number of image tokens in the output */
  output_image_tokens?: number;
  /** Total number of output tokens */
  output_tokens?: number;
};
export type AiCallSummary = {
  /** Number of attempts, including failed connections and attempts whose outcome is unknown */
  attempts: number;
  /** Cost, in millionths of a US dollar */
  cost_micro_usd: number;
  /** When it was created, in UTC */
  created_at: string;
  /** When it ended, in UTC. `null` while it is open. */
  ended_at: string | null;
  /** Why it failed. `null` if it didn't. */
  error: string | null;
  /** Error code of the failure. `null` if it didn't fail. */
  error_code: string | null;
  /** `true` if tokens and cost are estimates */
  estimated: boolean;
  /** ID */
  id: string;
  /** Number of attempts whose outcome is unknown (in doubt) */
  in_doubt: number;
  /** Estimated cost of the attempts whose outcome is unknown (in doubt) */
  in_doubt_micro_usd: number;
  /** Model, as `provider/model` */
  model: string;
  /** Operation of the call */
  operation: Operation;
  /** `true` if the built-in simulator answers */
  simulated: boolean;
  /** When it started, in UTC. `null` before that. */
  started_at: string | null;
  /** State */
  status: RunStatus;
  /** Number of tokens */
  usage: MediaUsage;
};
export type AiCallPage = {
  /** The items of this page */
  items: AiCallSummary[];
  /** Send this value as `cursor` to get the next page. `null` on the last page. */
  next_cursor: string | null;
};
export type Remedy = {
  /** What to do */
  action: Action;
  /** Fields to send when performing the action */
  options?: {
    [key: string]: number;
  };
  /** ID or name of the object that the action applies to */
  target?: string | null;
};
export type Blocked = {
  /** Why the call is blocked, for example `rate_limited` or `provider_away`. `no_worker`: no worker has started the call yet. `unavailable`: Temporal isn't responding. */
  code: string;
  /** Explanation for people */
  message: string;
  /** When the next attempt is due. `null` if the time is unknown or has passed. */
  next_try_at?: string | null;
  /** Action that can unblock the call */
  remedy?: Remedy | null;
};
export type EmbeddingView = {
  /** The vector */
  embedding: number[];
  /** Position of the text in the request, from 0 */
  index: number;
  /** Kind of object, as in OpenAI's API */
  object?: "embedding";
};
export type EmbeddingUsage = {
  /** Number of input tokens */
  prompt_tokens: number;
  /** Number of tokens */
  total_tokens: number;
};
export type EmbeddingsView = {
  /** Cost, in millionths of a US dollar */
  cost_micro_usd: number;
  /** A vector for each text */
  data: EmbeddingView[];
  /** `true` if the cost is an estimate because the provider didn't report usage */
  estimated: boolean;
  /** ID */
  id: string;
  /** Model, as `provider/model` */
  model: string;
  /** Kind of object, as in OpenAI's API */
  object?: "list";
  /** `true` if the simulator produced the result without calling a model */
  simulated: boolean;
  /** Number of tokens */
  usage: EmbeddingUsage;
};
export type ImageView = {
  /** ID of the file */
  file_id: string;
  /** Media type, such as `image/png` */
  media_type: string;
  /** Prompt that the provider used instead of yours. `null` if it didn't change it. */
  revised_prompt?: string | null;
  /** Size, in bytes */
  size_bytes: number;
  /** URL of the image file. Requests to this URL require your access token. */
  url: string;
};
export type ImagesView = {
  /** Cost, in millionths of a US dollar */
  cost_micro_usd: number;
  /** Creation time, in seconds since 1970-01-01 00:00 UTC */
  created: number;
  /** The generated images */
  data: ImageView[];
  /** `true` if the cost is an estimate because the provider didn't report usage */
  estimated: boolean;
  /** ID */
  id: string;
  /** Model, as `provider/model` */
  model: string;
  /** `true` if the simulator produced the result without calling a model */
  simulated: boolean;
  /** Number of tokens */
  usage: MediaUsage;
};
export type TranscriptionView = {
  /** Cost, in millionths of a US dollar */
  cost_micro_usd: number;
  /** `true` if the cost is an estimate because the provider didn't report usage */
  estimated: boolean;
  /** ID of the file */
  file_id: string;
  /** ID */
  id: string;
  /** Language detected by the provider. `null` if the provider didn't report a language. */
  language: string | null;
  /** Model, as `provider/model` */
  model: string;
  /** `true` if the simulator produced the result without calling a model */
  simulated: boolean;
  /** The text */
  text: string;
  /** Number of tokens */
  usage: MediaUsage;
};
export type AiCallView = {
  /** Number of attempts, including failed connections and attempts whose outcome is unknown */
  attempts: number;
  /** Why an open call isn't making progress. `null` if the call isn't blocked. */
  blocked_by?: Blocked | null;
  /** Cost, in millionths of a US dollar */
  cost_micro_usd: number;
  /** When it was created, in UTC */
  created_at: string;
  /** When it ended, in UTC. `null` while it is open. */
  ended_at: string | null;
  /** Why it failed. `null` if it didn't. */
  error: string | null;
  /** Error code of the failure. `null` if it didn't fail. */
  error_code: string | null;
  /** `true` if tokens and cost are estimates */
  estimated: boolean;
  /** ID */
  id: string;
  /** Number of attempts whose outcome is unknown (in doubt) */
  in_doubt: number;
  /** Estimated cost of the attempts whose outcome is unknown (in doubt) */
  in_doubt_micro_usd: number;
  /** Model, as `provider/model` */
  model: string;
  /** Operation of the call */
  operation: Operation;
  /** The request, without its content */
  request: {
    [key: string]: any;
  };
  /** The result, once the call has completed */
  result?: EmbeddingsView | ImagesView | TranscriptionView | null;
  /** `true` if the built-in simulator answers */
  simulated: boolean;
  /** When it started, in UTC. `null` before that. */
  started_at: string | null;
  /** State */
  status: RunStatus;
  /** Number of tokens */
  usage: MediaUsage;
};
export type EmbeddingSpec = {
  /** Number of dimensions per vector, for models that support shorter vectors */
  dimensions?: number | null;
  /** One text, or a list of up to 256 texts */
  input: string | string[];
  /** Model, as `provider/model` */
  model: string;
};
export type ImageSpec = {
  /** Model, as `provider/model` */
  model: string;
  /** Number of images */
  n?: number;
  /** The prompt */
  prompt: string;
  /** Width and height in pixels, for example `1024x1024` */
  size?: string | null;
};
export type ProviderView = {
  /** Missing configuration, and the setting that provides it */
  advice?: string;
  /** `true` if the provider can be used */
  configured: boolean;
  /** Name */
  name: string;
  /** Operations that the provider offers besides chat */
  operations?: Operation[];
  /** `true` if the provider's answers are simulated */
  simulated: boolean;
};
export type Verdict =
  | "valid"
  | "wrong_key"
  | "no_quota"
  | "rate_limited"
  | "unreachable"
  | "unknown_model"
  | "not_configured"
  | "failed";
export type Validation = {
  /** Cost of the test call, which isn't charged to any task */
  cost_micro_usd?: number;
  /** Explanation for people */
  message: string;
  /** Number of models that the key can access */
  models?: number | null;
  /** Name of the provider */
  provider: string;
  /** Duration, in milliseconds */
  took_ms: number;
  /** Result of the test */
  verdict: Verdict;
};
export type ValidationRequest = {
  /** Model name, with or without its provider */
  model?: string | null;
};
export type TokenCount = {
  /** `true` if tokens and cost are estimates */
  estimated: boolean;
  /** Model, as `provider/model` */
  model: string;
  /** Number of tokens */
  tokens: number;
};
export type CountRequest = {
  /** Model, as `provider/model` */
  model: string;
  /** The text */
  text: string;
};
export type Durations = {
  /** Number of durations that were measured */
  count: number;
  /** The median; `null` if nothing was measured */
  p50_ms: number | null;
  /** 95th percentile */
  p95_ms: number | null;
  /** 99th percentile */
  p99_ms: number | null;
};
export type AgentPerformance = {
  /** Name of the agent */
  agent: string;
  /** Number of requests to providers that have ended or are in doubt */
  attempts: number;
  /** Number of attempts that were interrupted, for example by a cancelled task */
  cancelled: number;
  /** Cost in millionths of a US dollar */
  cost_micro_usd: number;
  /** Part of the cost that is estimated */
  estimated_micro_usd: number;
  /** Number of attempts that failed */
  failed: number;
  /** Number of attempts without an answer, by error code */
  failures: {
    [key: string]: number;
  };
  /** Number of attempts with an answer that was used */
  finished: number;
  /** Time from the request to the first piece of a streamed answer */
  first_token: Durations;
  /** Number of attempts whose outcome is unknown */
  in_doubt: number;
  /** Cost that attempts in doubt may have caused, in addition to `cost_micro_usd` */
  in_doubt_micro_usd: number;
  /** Number of attempts that were answered too late, so that only their cost was booked */
  late: number;
  /** Time from the request to the end of the answer, of finished attempts */
  latency: Durations;
  /** Number of these attempts that the simulator answered */
  simulated: number;
  /** Share of `finished` in `finished`, `failed`, `in_doubt` and `late`; `null` without such attempts */
  success_rate: number | null;
  /** Token counts */
  usage: Usage;
  /** Version of the agent; `null` for built-in agents */
  version: number | null;
};
export type Period = {
  /** Beginning of the period */
  since: string;
  /** Time zone of the dates */
  time_zone?: string;
  /** End of the period, which is not included */
  until: string;
};
export type AgentsPerformance = {
  /** Agents by name, newest versions first */
  items: AgentPerformance[];
  /** Pass it as `cursor` to get the next page; `null` on the last page */
  next_cursor?: string | null;
  /** Period of these figures */
  period: Period;
};
export type LatencyPoint = {
  /** The day */
  date: string;
  /** Time from the request to the first piece of a streamed answer */
  first_token: Durations;
  /** Time from the request to the end of the answer, of finished attempts */
  latency: Durations;
};
export type DailyLatency = {
  /** The only agent whose calls are counted. `null` for all agents. */
  agent: string | null;
  /** Days with finished attempts, in order */
  days: LatencyPoint[];
  /** Period of these figures, in whole days */
  period: Period;
};
export type MetricFigures = {
  /** Number of values in the period */
  count: number;
  /** Labels of the metric */
  labels: {
    [key: string]: string;
  };
  /** The latest value */
  last: number | null;
  /** The largest value */
  maximum: number | null;
  /** Their mean */
  mean: number | null;
  /** The smallest value */
  minimum: number | null;
  /** Name of the metric */
  name: string;
  /** Their sum; `null` without values */
  sum: number | null;
  /** ID of the user whose values these are */
  user_id: string;
};
export type MetricPage = {
  /** Rows of this page */
  items: MetricFigures[];
  /** Pass it as `cursor` to get the next page; `null` on the last page */
  next_cursor?: string | null;
};
export type MetricsRecorded = {
  /** Number of values that were stored */
  recorded: number;
};
export type MetricRecord = {
  /** Time of the value, with a time zone, from the year 2000 to a day from now. Default: now */
  at?: string | null;
  /** At most 10 labels, for example `agent`, with at most 100 characters each */
  labels?: {
    [key: string]: string;
  };
  /** Name of the metric: lower-case letters, digits, `_` and `.`, at most 80 characters */
  name: string;
  /** The value, from -1e+100 to 1e+100 */
  value: number;
};
export type MetricRecords = {
  /** From 1 to 100 values */
  metrics: MetricRecord[];
};
export type AgentFigures = {
  /** Name of the agent */
  agent: string;
  /** Number of requests to providers that have ended or are in doubt */
  attempts: number;
  /** Number of attempts that were interrupted, for example by a cancelled task */
  cancelled: number;
  /** Cost in millionths of a US dollar */
  cost_micro_usd: number;
  /** Part of the cost that is estimated */
  estimated_micro_usd: number;
  /** Number of attempts that failed */
  failed: number;
  /** Number of attempts with an answer that was used */
  finished: number;
  /** Number of attempts whose outcome is unknown */
  in_doubt: number;
  /** Cost that attempts in doubt may have caused, in addition to `cost_micro_usd` */
  in_doubt_micro_usd: number;
  /** Number of attempts that were answered too late, so that only their cost was booked */
  late: number;
  /** Number of these attempts that the simulator answered */
  simulated: number;
  /** Share of `finished` in `finished`, `failed`, `in_doubt` and `late`; `null` without such attempts */
  success_rate: number | null;
  /** Token counts */
  usage: Usage;
};
export type ModelFigures = {
  /** Number of requests to providers that have ended or are in doubt */
  attempts: number;
  /** Number of attempts that were interrupted, for example by a cancelled task */
  cancelled: number;
  /** Cost in millionths of a US dollar */
  cost_micro_usd: number;
  /** Part of the cost that is estimated */
  estimated_micro_usd: number;
  /** Number of attempts that failed */
  failed: number;
  /** Number of attempts with an answer that was used */
  finished: number;
  /** Number of attempts whose outcome is unknown */
  in_doubt: number;
  /** Cost that attempts in doubt may have caused, in addition to `cost_micro_usd` */
  in_doubt_micro_usd: number;
  /** Number of attempts that were answered too late, so that only their cost was booked */
  late: number;
  /** Provider and model */
  model: string;
  /** Number of these attempts that the simulator answered */
  simulated: number;
  /** Share of `finished` in `finished`, `failed`, `in_doubt` and `late`; `null` without such attempts */
  success_rate: number | null;
  /** Token counts */
  usage: Usage;
};
export type Point = {
  /** Number of attempts at model calls */
  attempts: number;
  /** Cost in millionths of a US dollar */
  cost_micro_usd: number;
  /** The day */
  date: string;
  /** Number of attempts with an answer that was used */
  finished: number;
  /** Number of input tokens */
  input_tokens: number;
  /** Number of output tokens */
  output_tokens: number;
};
export type CallFigures = {
  /** Number of requests to providers that have ended or are in doubt */
  attempts: number;
  /** Number of attempts that were interrupted, for example by a cancelled task */
  cancelled: number;
  /** Cost in millionths of a US dollar */
  cost_micro_usd: number;
  /** Part of the cost that is estimated */
  estimated_micro_usd: number;
  /** Number of attempts that failed */
  failed: number;
  /** Number of attempts with an answer that was used */
  finished: number;
  /** Number of attempts whose outcome is unknown */
  in_doubt: number;
  /** Cost that attempts in doubt may have caused, in addition to `cost_micro_usd` */
  in_doubt_micro_usd: number;
  /** Number of attempts that were answered too late, so that only their cost was booked */
  late: number;
  /** Number of these attempts that the simulator answered */
  simulated: number;
  /** Share of `finished` in `finished`, `failed`, `in_doubt` and `late`; `null` without such attempts */
  success_rate: number | null;
  /** Token counts */
  usage: Usage;
};
export type RunFigures = {
  /** Number of runs that were cancelled in the period */
  cancelled: number;
  /** Number of runs that completed in the period */
  completed: number;
  /** Number of runs that were accepted in the period */
  created: number;
  /** Time from acceptance to the end, of runs that ended in the period */
  duration: Durations;
  /** Number of runs that failed in the period and were not retried since */
  failed: number;
  /** Share of `completed` in `completed` and `failed`; `null` if no run completed or failed */
  success_rate: number | null;
};
export type Overview = {
  /** The 20 agents with the highest cost, then the most attempts */
  by_agent: AgentFigures[];
  /** The 20 models with the highest cost, then the most attempts */
  by_model: ModelFigures[];
  /** Days with model calls, in order */
  days: Point[];
  /** Time from the request to the end of the answer, of finished attempts */
  latency: Durations;
  /** Attempts at model calls */
  model_calls: CallFigures;
  /** Period of these figures */
  period: Period;
  /** Runs of all kinds */
  runs: RunFigures;
};
export type ProcessFigures = {
  /** Processor time per second since the last report */
  cpu_share?: number | null;
  /** Entries of the system log that were dropped because too many were waiting */
  log_dropped?: number | null;
  /** Longest delay of the event loop since the last report, in milliseconds */
  loop_lag_ms?: number | null;
  /** Resident memory */
  memory_bytes?: number | null;
  /** Database connections in use */
  pool_in_use?: number | null;
  /** Maximum number of database connections */
  pool_size?: number | null;
  /** Maximum number of activities at once; only for workers */
  slots?: number | null;
  /** Model calls in progress; only for workers */
  slots_in_use?: number | null;
  /** Open WebSockets; only for the API */
  sockets?: number | null;
  /** Open event streams; only for the API */
  streams?: number | null;
};
export type ProcessView = {
  /** Name of the process's log, for example `api` or `worker` */
  component: string;
  /** Figures of the latest report */
  figures: ProcessFigures;
  /** Component, process ID and host name */
  name: string;
  /** Time of the latest report */
  seen_at: string;
  /** Time of the first report */
  started_at: string;
};
export type QueueFigures = {
  /** Number of changes that are not part of the rollups yet, counted up to 10,000 */
  changes: number;
  /** Number of messages that Temporal has not received yet */
  outbox: number;
  /** Age of the oldest of them in seconds; `null` if there is none. Starts that have to wait for other runs aren't counted */
  outbox_oldest_s: number | null;
  /** Number of runs that have not ended, by kind and status, for example `task` and `queued` */
  runs_open: {
    [key: string]: {
      [key: string]: number;
    };
  };
};
export type SystemMetrics = {
  /** Time of the figures, by the database's clock */
  at: string;
  /** Processes that reported in the last 60 seconds, by name */
  processes: ProcessView[];
  /** Work that waits or is in progress */
  queues: QueueFigures;
};
export type TaskFigures = {
  /** Number of runs that were cancelled in the period */
  cancelled: number;
  /** Number of runs that completed in the period */
  completed: number;
  /** Number of runs that were accepted in the period */
  created: number;
  /** Time from acceptance to the end, of runs that ended in the period */
  duration: Durations;
  /** Number of runs that failed in the period and were not retried since */
  failed: number;
  /** Number of failed runs by error code */
  failures: {
    [key: string]: number;
  };
  /** Kind of the runs */
  kind: string;
  /** Mean time from acceptance to the start, of runs that ended */
  mean_queued_ms: number | null;
  /** Number of runs that have not ended, by status, whenever created */
  open_now: {
    [key: string]: number;
  };
  /** Period of these figures */
  period: Period;
  /** Number of retries of the runs that ended in the period */
  retries: number;
  /** Number of ended runs in which the simulator answered */
  simulated: number;
  /** Share of `completed` in `completed` and `failed`; `null` if no run completed or failed */
  success_rate: number | null;
  /** Time that runs waited for people (budgets, approvals, answers), of runs that waited and ended */
  waited: Durations;
  /** Sum of these times */
  waited_ms: number;
};
export type RunKind =
  "task" | "embeddings" | "images" | "transcriptions" | "reply" | "completion";
export type DailyUsage = {
  /** Number of requests to providers that have ended or are in doubt */
  attempts: number;
  /** Number of attempts that were interrupted, for example by a cancelled task */
  cancelled: number;
  /** Cost in millionths of a US dollar */
  cost_micro_usd: number;
  /** The day */
  date: string;
  /** E-mail address of the user */
  email: string;
  /** Part of the cost that is estimated */
  estimated_micro_usd: number;
  /** Number of attempts that failed */
  failed: number;
  /** Number of attempts with an answer that was used */
  finished: number;
  /** Number of attempts whose outcome is unknown */
  in_doubt: number;
  /** Cost that attempts in doubt may have caused, in addition to `cost_micro_usd` */
  in_doubt_micro_usd: number;
  /** Number of attempts that were answered too late, so that only their cost was booked */
  late: number;
  /** Provider and model */
  model: string;
  /** Name of the provider */
  provider: string;
  /** Number of these attempts that the simulator answered */
  simulated: number;
  /** Share of `finished` in `finished`, `failed`, `in_doubt` and `late`; `null` without such attempts */
  success_rate: number | null;
  /** Token counts */
  usage: Usage;
  /** ID of the user */
  user_id: string;
};
export type DailyUsagePage = {
  /** Rows of this page */
  items: DailyUsage[];
  /** Pass it as `cursor` to get the next page; `null` on the last page */
  next_cursor?: string | null;
  /** Period of these figures */
  period: Period;
};
export type ApprovalStatus =
  "pending" | "approved" | "rejected" | "answered" | "expired" | "cancelled";
export type OnExpiry = "reject" | "fail";
export type ApprovalTerms = {
  /** E-mail addresses of the users who may decide. Default: the owner of the task. Administrators can always decide. */
  approvers?: string[];
  /** Seconds until the users in `escalate_to` may decide, too */
  escalate_after_s?: number | null;
  /** E-mail addresses of further approvers */
  escalate_to?: string[];
  /** Seconds until the approval expires. `null` for never. */
  expires_after_s?: number | null;
  /** What happens without a decision in time */
  on_expiry?: OnExpiry;
  /** Number of users who have to approve */
  quorum?: number;
};
export type VoteView = {
  /** When the user decided */
  at: string;
  /** The decision */
  decision: string;
  /** The reason */
  reason: string;
  /** E-mail address of the user */
  user: string;
};
export type ApprovalView = {
  /** Name of the agent */
  agent: string;
  /** The answer */
  answer?: string | null;
  /** E-mail addresses of the users who may decide now */
  approvers: string[];
  /** Complete arguments of the call */
  arguments: {
    [key: string]: any;
  };
  /** Arguments that replace those of the agent */
  changed_arguments?: {
    [key: string]: any;
  } | null;
  /** When it was created, in UTC */
  created_at: string;
  /** When it was decided. `null` while it is pending. */
  decided_at: string | null;
  /** Answer that applies if no user answers in time */
  default?: string | null;
  /** When it expires. `null` for never. */
  expires_at: string | null;
  /** ID */
  id: string;
  /** Position among the calls of its step, from 0 */
  index: number;
  /** Kind */
  kind: ApprovalKind;
  /** Whether you may decide now */
  may_decide: boolean;
  /** Suggested answers */
  options?: string[];
  /** Path of the subtask; empty for the task itself */
  path: string;
  /** The agent's question. `null` for a tool call. */
  question?: string | null;
  /** Why a person has to decide */
  reason: string;
  /** What waits for the decision: a task, or a reply */
  run_kind?: RunKind;
  /** Hash of the exact call: task, place, tool, version of the tool, and arguments */
  sha256: string;
  /** State */
  status: ApprovalStatus;
  /** Number of the model call in its node, from 1 */
  step: number;
  /** ID of the task or reply that waits for the decision */
  task_id: string;
  /** Title of the task, or of the reply's chat session */
  task_title: string;
  /** Who decides, and by when */
  terms: ApprovalTerms;
  /** Name of the tool */
  tool: string;
  /** Who has decided so far, and how */
  votes?: VoteView[];
};
export type ApprovalPage = {
  /** The items of this page */
  items: ApprovalView[];
  /** Send this value as `cursor` to get the next page. `null` on the last page. */
  next_cursor: string | null;
};
export type Answer = {
  /** The answer */
  answer: string;
};
export type Again = {
  /** The decision */
  decision: "again";
};
export type Approve = {
  /** Arguments that replace those of the agent. Default: the agent's arguments. */
  arguments?: {
    [key: string]: JsonValue;
  } | null;
  /** The decision */
  decision: "approve";
};
export type Happened = {
  /** The decision */
  decision: "happened";
  /** Result for the agent */
  result?: string;
};
export type NotHappened = {
  /** The decision */
  decision: "not_happened";
};
export type Reject = {
  /** The decision */
  decision: "reject";
  /** The reason */
  reason?: string;
};
export type Delegation = {
  /** `true` if you may still decide, too */
  keep?: boolean;
  /** E-mail address of the user who may decide from now on */
  to: string;
};
export type AuditEntryView = {
  /** What was done, such as `user.disabled` */
  action: string;
  /** E-mail address of that user now. `null` if there is none. */
  actor: string | null;
  /** ID of the user who did it. `null` if no user was signed in, or if an operator used a command. */
  actor_id: string | null;
  /** IP address that the request came from */
  address: string | null;
  /** When it happened */
  at: string;
  /** Facts about the act. They contain no secrets. */
  details: {
    [key: string]: any;
  };
  /** ID */
  id: string;
  /** ID of the request, as in the `X-Request-ID` header and in log lines */
  request_id: string | null;
  /** ID of the user, key, invitation or other object that it was done to */
  subject_id: string | null;
};
export type AuditPage = {
  /** The items of this page */
  items: AuditEntryView[];
  /** Cursor of the next page. `null` on the last page. */
  next_cursor?: string | null;
};
export type AuditAction =
  | "sign_in.succeeded"
  | "sign_in.failed"
  | "sign_out"
  | "session.ended"
  | "refresh_token.reused"
  | "password.changed"
  | "password.change_failed"
  | "password.reset_created"
  | "password.reset"
  | "api_key.created"
  | "api_key.deleted"
  | "user.registered"
  | "user.created"
  | "user.changed"
  | "user.disabled"
  | "user.enabled"
  | "user.deleted"
  | "limits.changed"
  | "invitation.created"
  | "invitation.deleted"
  | "identity.linked"
  | "policy.replaced"
  | "group.created"
  | "group.changed"
  | "group.deleted"
  | "group.member_added"
  | "group.member_removed"
  | "share.set"
  | "share.removed"
  | "retention.started"
  | "content.erased"
  | "content.read"
  | "hold.placed"
  | "hold.lifted"
  | "codec_address.created";
export type ApiKeyView = {
  /** The first characters of the key, to recognize it by */
  begins_with: string;
  /** When it was created, in UTC */
  created_at: string;
  /** When the key expires. `null` if it doesn't expire. */
  expires_at: string | null;
  /** ID */
  id: string;
  /** When the key was last used, to the minute. `null` if it has not been used. */
  last_used_at: string | null;
  /** Name */
  name: string;
  /** What the key may do */
  scopes: ("read" | "write" | "openai" | "admin")[];
};
export type ApiKeyPage = {
  /** The items of this page */
  items: ApiKeyView[];
  /** Cursor of the next page. `null` on the last page. */
  next_cursor?: string | null;
};
export type NewApiKey = {
  /** The first characters of the key, to recognize it by */
  begins_with: string;
  /** When it was created, in UTC */
  created_at: string;
  /** When the key expires. `null` if it doesn't expire. */
  expires_at: string | null;
  /** ID */
  id: string;
  /** The key. Store it now, because it can't be shown again. */
  key: string;
  /** When the key was last used, to the minute. `null` if it has not been used. */
  last_used_at: string | null;
  /** Name */
  name: string;
  /** What the key may do */
  scopes: ("read" | "write" | "openai" | "admin")[];
};
export type ApiKeySpec = {
  /** Days until the key expires. Default: it doesn't expire. */
  expires_in_days?: number | null;
  /** Name of the program that uses the key */
  name: string;
  /** What the key may do. `read`: all requests that change nothing. `write`: everything that you may do, except administration and changes of accounts. `openai`: the OpenAI-compatible API below `/v1`. `admin`: administration (only for administrators). Without `admin`, the key of an administrator has the rights of a user. */
  scopes: ("read" | "write" | "openai" | "admin")[];
};
export type UserView = {
  /** When it was created, in UTC */
  created_at: string;
  /** E-mail address, or the name of a service account */
  email: string;
  /** ID */
  id: string;
  /** Name */
  name: string;
  /** Role */
  role: "user" | "admin" | "viewer";
};
export type FirstAdministrator = {
  /** E-mail address */
  email: string;
  /** Name */
  name?: string;
  /** Password */
  password: string;
  /** Value of the setting `CHIMERA_SETUP_TOKEN` */
  setup_token: string;
};
export type Tokens = {
  /** Token for requests, sent as `Authorization: Bearer …` */
  access_token: string;
  /** Seconds until the access token expires */
  expires_in: number;
  /** Token that renews the session once */
  refresh_token: string;
  /** Kind of the token */
  token_type?: "bearer";
};
export type BrowserSession = {
  /** Seconds until the access token expires */
  expires_in: number;
  /** Kind of the token */
  token_type?: "cookie";
};
export type Credentials = {
  /** E-mail address */
  email: string;
  /** Password */
  password: string;
};
export type Preferences = {
  /** Colors of the console */
  theme?: "system" | "light" | "dark";
  /** Time zone in which to show times, such as Europe/Berlin */
  time_zone?: string | null;
};
export type MeView = {
  /** When it was created, in UTC */
  created_at: string;
  /** E-mail address, or the name of a service account */
  email: string;
  /** ID */
  id: string;
  /** Name */
  name: string;
  /** Your preferences */
  preferences?: Preferences;
  /** Role */
  role: "user" | "admin" | "viewer";
};
export type MeChange = {
  /** Your password, which is required to change the e-mail address */
  current_password?: string | null;
  /** New e-mail address. It requires `current_password`. */
  email?: string | null;
  /** Name */
  name?: string | null;
  /** All preferences; omitted ones are reset */
  preferences?: Preferences | null;
};
export type RetentionStatus = "running" | "waiting" | "completed";
export type RetentionView = {
  /** Size of the deleted messages, events and files. PostgreSQL reuses the space; it doesn't return it to the disk at once. */
  bytes_freed: number;
  /** When it was created, in UTC */
  created_at: string;
  /** Days that content was to be kept, by kind. Empty if a user is named. */
  days: {
    [key: string]: number;
  };
  /** Number of items whose content was deleted, by kind */
  deleted: {
    [key: string]: number;
  };
  /** `true` if nothing was deleted. `deleted` then shows what would be. */
  dry_run?: boolean;
  /** When it ended, in UTC. `null` while it is open. */
  ended_at: string | null;
  /** ID of the retention run. `null` for a dry run. */
  id: string | null;
  /** ID of the user who requested it. `null` for a daily run. */
  requested_by: string | null;
  /** State */
  status: RetentionStatus;
  /** Time of the latest progress */
  updated_at: string;
  /** ID of the user whose content is deleted. `null`: content of all users, by age. */
  user_id: string | null;
};
export type EraseRequest = {
  /** Your password */
  current_password: string;
  /** `true` to delete your account too. You can no longer sign in after that. */
  delete_account?: boolean;
};
export type OidcFinish = {
  /** Error code */
  code: string;
  /** Value of `flow` from the start of the sign-in */
  flow: string;
  /** State */
  state: string;
};
export type OidcStart = {
  /** Page of the identity provider to open in the browser */
  authorization_url: string;
  /** Secret of this sign-in, valid for 10 minutes. Keep it in the browser that opened the page, and send it to `POST /api/v1/auth/oidc/finish`. */
  flow: string;
  /** The provider returns this value together with the code. Compare the two before you continue. */
  state: string;
};
export type SignInOptions = {
  /** Whether the first administrator is still to be created, with the token in `CHIMERA_SETUP_TOKEN` */
  first_administrator: boolean;
  /** Whether this browser has the cookies of a session. The session may have ended since then. */
  has_session: boolean;
  /** Host name of the identity provider. `null` if users can't sign in through one. */
  identity_provider?: string | null;
  /** Maximum length of a password */
  password_max_chars: number;
  /** Minimum length of a new password */
  password_min_chars: number;
  /** Who can create an account: `open` (anyone), `invited` (users with an invitation) or `off` */
  registration: "open" | "invited" | "off";
};
export type PasswordChange = {
  /** Your current password */
  current_password: string;
  /** The new password */
  new_password: string;
};
export type PasswordReset = {
  /** E-mail address of the account that the token is for */
  email: string;
  /** The new password */
  new_password: string;
  /** One-time token that an administrator created */
  token: string;
};
export type RefreshRequest = {
  /** Required, except with the header `Chimera-Session: cookie`, which doesn't allow it */
  refresh_token?: string | null;
};
export type Registered = {
  /** Explanation for people */
  detail?: string;
  /** E-mail address */
  email: string;
};
export type Registration = {
  /** E-mail address */
  email: string;
  /** Token of your invitation, if registration is open only to invited users */
  invitation?: string | null;
  /** Name */
  name?: string;
  /** Password */
  password: string;
};
export type EndedSessions = {
  /** Number of sessions that were ended */
  ended: number;
};
export type SessionView = {
  /** IP address where you signed in. An IPv6 address is shown as its network. */
  address: string | null;
  /** When you signed in */
  began_at: string;
  /** Program that signed in, as it described itself */
  client: string | null;
  /** Whether this request belongs to the session */
  current: boolean;
  /** When the session ends unless it is used before */
  expires_at: string;
  /** ID */
  id: string;
  /** When the session was last used, to the minute */
  last_used_at: string;
};
export type SessionPage = {
  /** The items of this page */
  items: SessionView[];
  /** Cursor of the next page. `null` on the last page. */
  next_cursor?: string | null;
};
export type TicketView = {
  /** Seconds until the ticket expires. It can be used only once. */
  expires_in: number;
  /** Send it as the first message of the WebSocket, or as `?ticket=` in its address */
  ticket: string;
};
export type BudgetView = {
  /** Maximum cost, in millionths of a US dollar */
  max_cost_micro_usd: number | null;
  /** Maximum number of requests to providers */
  max_model_calls: number | null;
  /** Maximum total number of input and output tokens */
  max_tokens: number | null;
};
export type ReplyPurpose = "answer" | "title" | "summary" | "suggestions";
export type ClientCall = {
  /** Arguments as the model wrote them, usually JSON */
  arguments?: string;
  /** ID */
  id: string;
  /** Name */
  name: string;
};
export type PendingApproval = {
  /** Name of the agent */
  agent: string;
  /** ID */
  id: string;
  /** Kind */
  kind: ApprovalKind;
  /** Path of the subtask; empty for the task itself */
  path: string;
  /** The agent's question, if it has asked one */
  question?: string | null;
  /** Name of the tool */
  tool: string;
};
export type ApprovalWait = {
  /** The pending decisions, oldest first, at most 20 */
  approvals: PendingApproval[];
  /** `approval`: the task waits for people */
  kind?: "approval";
  /** What has to be decided */
  message: string;
  /** Number of pending decisions */
  pending: number;
  /** Action that shows what has to be decided: `show_approval` or `list_approvals` */
  remedy: Remedy;
};
export type BudgetWait = {
  /** `budget`: the task waits for a higher limit */
  kind?: "budget";
  /** Limit that was reached */
  limit: string;
  /** Why the next call was rejected */
  message: string;
  /** Lowest limit that allows the next call */
  needed?: number | null;
  /** Action that lets the task continue: `raise_budget`, with a limit that allows further calls. For a spending limit, `show_limits`: only administrators can raise it. */
  remedy: Remedy;
  /** For a spending limit, when its period ends and the task continues on its own */
  until?: string | null;
};
export type ReplyView = {
  /** Agent that answers. `(draft)` for an agent that came with the request. `null` if a model answers without an agent. */
  agent: string | null;
  /** Version of the agent in its last call. `null` for built-in agents. */
  agent_version?: number | null;
  /** Number of decisions by people that the reply waits for */
  approvals_pending?: number;
  /** Limits on spending. `null` if there are none. */
  budget: BudgetView | null;
  /** Cost of the reply so far, in millionths of a US dollar */
  cost_micro_usd: number;
  /** When it was created, in UTC */
  created_at: string;
  /** When it ended, in UTC. `null` while it is open. */
  ended_at: string | null;
  /** Why it failed. `null` if it didn't. */
  error: string | null;
  /** Error code of the failure. `null` if it didn't fail. */
  error_code: string | null;
  /** `true` if part of the cost is an estimate */
  estimated: boolean;
  /** Why the answer ended. `tool_calls`: for you to run your functions. `length`: at its token limit. `interrupted`: the reply was cancelled. */
  finish_reason?:
    | (
        | "stop"
        | "length"
        | "tool_calls"
        | "content_filter"
        | "refusal"
        | "other"
        | "interrupted"
      )
    | null;
  /** ID */
  id: string;
  /** Estimated cost of attempts whose outcome is unknown (in doubt) */
  in_doubt_micro_usd: number;
  /** `reply`: in a chat session. `completion`: to messages that came with a request. */
  kind: RunKind;
  /** Sequence number of the reply's newest event */
  last_seq: number;
  /** For a reply in a chat session: the ID of the message that it answers */
  message_id?: string | null;
  /** Your own data, which Chimera only stores */
  metadata: {
    [key: string]: JsonValue;
  };
  /** Model that answered, or else the model that was chosen */
  model: string;
  /** The model calls, with every attempt */
  model_calls: number;
  /** The answer as JSON, if it has a JSON Schema */
  output?: JsonValue | null;
  /** What the model call is for */
  purpose: ReplyPurpose;
  /** For a reply in a chat session: the ID of the session */
  session_id?: string | null;
  /** `true` if the simulator produced the answer without calling a model */
  simulated: boolean;
  /** When it started, in UTC. `null` before that. */
  started_at: string | null;
  /** State */
  status: RunStatus;
  /** Number of subtasks that the agent has delegated */
  subtasks_total?: number;
  /** URL of the run in Temporal's Web UI */
  temporal_url: string;
  /** The answer. For a reply that was cancelled, the part that had arrived. `null` before that. */
  text: string | null;
  /** Calls of your functions, for you to run */
  tool_calls?: ClientCall[];
  /** Number of tokens */
  usage: Usage;
  /** What a waiting reply is waiting for */
  waiting?:
    | (
        | ({
            kind: "approval";
          } & ApprovalWait)
        | ({
            kind: "budget";
          } & BudgetWait)
      )
    | null;
};
export type Budget = {
  /** Maximum cost, in millionths of a US dollar */
  max_cost_micro_usd?: number | null;
  /** Maximum number of requests to providers, including repeated requests. Failed connections don't count. */
  max_model_calls?: number | null;
  /** Maximum total number of input and output tokens */
  max_tokens?: number | null;
};
export type FilePart = {
  /** ID of your file */
  file_id: string;
  /** Type */
  type: "file";
};
export type ImagePart = {
  /** The image, in base64 */
  data?: string | null;
  /** ID of your image file */
  file_id?: string | null;
  /** Media type of `data`: `image/png`, `image/jpeg`, `image/gif` or `image/webp` */
  media_type?: string | null;
  /** Type */
  type: "image";
};
export type TextPart = {
  /** The text */
  text: string;
  /** Type */
  type: "text";
};
export type ConversationMessage = {
  /** A text, or a list of parts. Only messages of users can have images and files. */
  content?:
    | string
    | (
        | ({
            type: "file";
          } & FilePart)
        | ({
            type: "image";
          } & ImagePart)
        | ({
            type: "text";
          } & TextPart)
      )[];
  /** Role */
  role: "system" | "user" | "assistant" | "tool";
  /** For the result of a function: the ID of the call */
  tool_call_id?: string | null;
  /** For a message of the assistant: the calls of your functions */
  tool_calls?: ClientCall[];
};
export type ClientTool = {
  /** What it is for */
  description?: string;
  /** Name */
  name: string;
  /** JSON Schema of the arguments */
  parameters?: {
    [key: string]: JsonValue;
  };
};
export type CompletionSpec = {
  /** Name or ID of the agent that answers. Default: the model answers without an agent. */
  agent?: string | null;
  /** An agent that isn't saved, and that answers instead of `agent`. Its calls are booked under the name `(draft)`; the rules for tool calls are those for an agent with its name. */
  agent_draft?: AgentSpec | null;
  /** Version of `agent` that answers. Default: the newest version. */
  agent_version?: number | null;
  /** Limits on spending. `null` if there are none. */
  budget?: Budget | null;
  /** Fallback models. When a model fails, the next one in this list is tried. */
  fallbacks?: string[];
  /** Instructions for the model. For an agent, they follow its own prompt. */
  instructions?: string | null;
  /** Maximum number of tokens in the answer, at least 16. Default: the agent's, or 4096. */
  max_output_tokens?: number | null;
  /** The conversation, oldest message first */
  messages: ConversationMessage[];
  /** Your own data, which Chimera only stores */
  metadata?: {
    [key: string]: JsonValue;
  };
  /** Model that answers, as `provider/model`. Default: the agent's model, or the installation's default model. */
  model?: string | null;
  /** JSON Schema of the answer. `null` if there is none. */
  output_schema?: {
    [key: string]: JsonValue;
  } | null;
  /** Reasoning effort, for reasoning models. Default: the agent's, or the model's. */
  reasoning_effort?: ("none" | "low" | "medium" | "high") | null;
  /** Texts before which the answer ends */
  stop?: string[];
  /** `true` to receive the reply as server-sent events */
  stream?: boolean;
  /** Sampling temperature. Not sent to models that don't accept a temperature. */
  temperature?: number | null;
  /** `auto`, `none` (the model can't call tools), `required` (it has to call one), or the name of the function to call */
  tool_choice?: string;
  /** Functions that you run. Agents keep their own tools. */
  tools?: ClientTool[];
  /** Probability mass that is sampled from. Not sent to models that don't accept it. */
  top_p?: number | null;
};
export type SnippetPart = {
  /** Whether the text matches the search */
  marked: boolean;
  /** The text */
  text: string;
};
export type SearchHit = {
  /** When it was created, in UTC */
  created_at: string;
  /** ID of the message */
  message_id: string;
  /** Role */
  role: "user" | "assistant";
  /** ID of the chat session */
  session_id: string;
  /** Title of the chat session */
  session_title: string;
  /** The parts of the message that match, as plain text. Joined together, they are an excerpt. */
  snippet: SnippetPart[];
};
export type SearchPage = {
  /** The items of this page */
  items: SearchHit[];
  /** Send this value as `cursor` to get the next page. `null` on the last page. */
  next_cursor: string | null;
};
export type DoubleTexting = "reject" | "queue" | "interrupt" | "rollback";
export type OpenReply = {
  /** ID of the reply */
  id: string;
  /** State */
  status: RunStatus;
};
export type ChatSessionView = {
  /** Name of the agent */
  agent: string | null;
  /** Whether the session is in the archive */
  archived: boolean;
  /** When it was created, in UTC */
  created_at: string;
  /** What happens to a message that arrives while a reply is open */
  double_texting: DoubleTexting;
  /** ID */
  id: string;
  /** `null` if the session belongs to another user */
  instructions: string | null;
  /** When the last message was sent. `null` for a session without messages. */
  last_message_at: string | null;
  /** ID of the last message of the active branch. `null` for a session without messages. */
  leaf_id: string | null;
  /** Your own data, which Chimera only stores */
  metadata: {
    [key: string]: JsonValue;
  };
  /** Model, as `provider/model` */
  model: string | null;
  /** Replies that haven't ended yet, in the order in which they start. Empty in lists. */
  open_replies?: OpenReply[];
  /** ID of the user who owns the session */
  owner_id: string;
  /** Title for display. Until a title has been generated, the beginning of the first message. Empty if the session belongs to another user. */
  title: string;
  /** When the session last changed, also by a message */
  updated_at: string;
};
export type ChatSessionPage = {
  /** The items of this page */
  items: ChatSessionView[];
  /** Send this value as `cursor` to get the next page. `null` on the last page. */
  next_cursor: string | null;
};
export type ChatSessionSpec = {
  /** Name or ID of the agent that replies. Default: a model replies without an agent. */
  agent?: string | null;
  /** What happens to a message that arrives while a reply is open. `reject`: the message is rejected. `queue`: its reply starts when the earlier ones have ended. `interrupt`: the open replies are cancelled, and their text so far stays. `rollback`: the open replies are cancelled, and they and their messages leave the branch. */
  double_texting?: DoubleTexting;
  /** Instructions for every reply. They follow the agent's prompt, or are the model's system prompt. */
  instructions?: string | null;
  /** Your own JSON, at most 50 entries and 16 KiB */
  metadata?: {
    [key: string]: JsonValue;
  };
  /** Model that replies, as `provider/model`. Default: the agent's model, or else the default model. */
  model?: string | null;
  /** Title for display. Default: a title is generated from the first message. */
  title?: string | null;
};
export type LeafView = {
  /** ID of the last message of the active branch. `null` for a session without messages. */
  message_id: string | null;
};
export type LeafChoice = {
  /** ID of a message of the session. The branch that becomes active contains this message, and then the newest messages that follow it. */
  message_id: string;
};
export type AttachmentView = {
  /** ID */
  id: string;
  /** Media type of the file. `null` if it was deleted. */
  media_type: string | null;
  /** Name of the file. `null` if it was deleted. */
  name: string | null;
  /** Size of the file. `null` if it was deleted. */
  size_bytes: number | null;
};
export type ReplyState = {
  /** Agent that replies. `null` for a model without an agent. */
  agent?: string | null;
  /** Cost so far, in millionths of a US dollar */
  cost_micro_usd: number;
  /** Why it failed. `null` if it didn't. */
  error?: string | null;
  /** Error code of the failure. `null` if it didn't fail. */
  error_code?: string | null;
  /** Why the text ended. `length`: it was cut off at its token limit. `interrupted`: the reply was cancelled. */
  finish_reason?:
    | (
        | "stop"
        | "length"
        | "tool_calls"
        | "content_filter"
        | "refusal"
        | "other"
        | "interrupted"
      )
    | null;
  /** ID of the reply, or of the task */
  id: string;
  /** Number of input tokens */
  input_tokens: number;
  /** Sequence number of the newest event */
  last_seq: number;
  /** Model, as `provider/model` */
  model?: string | null;
  /** Number of output tokens */
  output_tokens: number;
  /** `true` if the built-in simulator answered */
  simulated?: boolean;
  /** State */
  status: RunStatus;
};
export type ChatMessageView = {
  /** Files that were sent with the message */
  attachments?: AttachmentView[];
  /** When it was created, in UTC */
  created_at: string;
  /** ID */
  id: string;
  /** ID of the sibling after this one */
  next_sibling_id?: string | null;
  /** ID of the message that this message follows. `null` at the beginning of the conversation. */
  parent_id: string | null;
  /** ID of the sibling before this one */
  previous_sibling_id?: string | null;
  /** For an assistant's message: the state of its run */
  reply?: ReplyState | null;
  /** Who wrote the message */
  role: "user" | "assistant";
  /** ID of the chat session */
  session_id: string;
  /** Position of the message among the messages with the same parent, from 1 */
  sibling: number;
  /** Number of messages with the same parent */
  siblings: number;
  /** Summary of the conversation up to and including this message, if later replies received one instead of these messages */
  summary?: string | null;
  /** For an assistant's message about a task: the task's ID */
  task_id?: string | null;
  /** Text of the message. For an assistant's message, `null` until the reply or task has ended. */
  text: string | null;
};
export type ChatMessagePage = {
  /** The items of this page */
  items: ChatMessageView[];
  /** Send this value as `cursor` to get the next page. `null` on the last page. */
  next_cursor: string | null;
  /** Send this value as `cursor` to get the previous page. `null` on the first page. */
  previous_cursor: string | null;
};
export type SentView = {
  /** The user's message */
  message: ChatMessageView;
  /** The assistant's message, which the reply or the task writes */
  reply: ChatMessageView;
};
export type MessageSpec = {
  /** IDs of your files to send with the message */
  attachments?: string[];
  /** What happens to this request if a reply in the session is open. Default: the session's policy. */
  double_texting?: DoubleTexting | null;
  /** ID of the message that this message follows, to begin a new branch there. `null` begins a new branch at the beginning of the conversation. Default: the end of the active branch. */
  parent_id?: string | null;
  /** `true` to receive the reply as server-sent events. The first event, `message`, contains the response of a request without `stream`. */
  stream?: boolean;
  /** Text of the message */
  text: string;
};
export type RegenerateSpec = {
  /** What happens to this request if a reply in the session is open. Default: the session's policy. */
  double_texting?: DoubleTexting | null;
  /** `true` to receive the reply as server-sent events. The first event, `message`, contains the response of a request without `stream`. */
  stream?: boolean;
};
export type SuggestionsView = {
  /** Cost so far, in millionths of a US dollar */
  cost_micro_usd: number;
  /** Why it failed. `null` if it didn't. */
  error?: string | null;
  /** Error code of the failure. `null` if it didn't fail. */
  error_code?: string | null;
  /** ID of the reply that writes it */
  id: string;
  /** ID of the last message that it is about */
  leaf_id: string;
  /** `true` if the built-in simulator answered */
  simulated: boolean;
  /** State */
  status: RunStatus;
  /** Three suggested messages. Empty until they are ready. */
  suggestions: string[];
};
export type SummaryView = {
  /** Cost so far, in millionths of a US dollar */
  cost_micro_usd: number;
  /** Why it failed. `null` if it didn't. */
  error?: string | null;
  /** Error code of the failure. `null` if it didn't fail. */
  error_code?: string | null;
  /** ID of the reply that writes it */
  id: string;
  /** ID of the last message that it is about */
  leaf_id: string;
  /** `true` if the built-in simulator answered */
  simulated: boolean;
  /** State */
  status: RunStatus;
  /** The summary. `null` until it is ready. */
  text: string | null;
};
export type RunLimits = {
  /** Maximum number of tokens per answer from a built-in agent, including the planner and the coordinator. Default: 2048. */
  max_output_tokens?: number | null;
  /** Maximum number of model calls per subtask */
  max_turns?: number;
};
export type OnFailure = "fail" | "skip" | "retry";
export type OnTruncated = "continue" | "accept" | "fail";
export type PlannedSubtask = {
  /** Name of the agent that works on the subtask */
  agent?: string;
  /** `true` to have the subtask planned into smaller subtasks */
  decompose?: boolean;
  /** Keys of the subtasks whose results this subtask receives */
  depends_on?: string[];
  /** Instruction for the agent */
  instruction: string;
  /** Short name, unique in the plan. Other subtasks refer to the subtask by this name. */
  key: string;
  /** JSON Schema of the answer. `null` if there is none. */
  output_schema?: {
    [key: string]: JsonValue;
  } | null;
  /** Title */
  title?: string;
};
export type SubtaskMode = "child" | "inline";
export type TaskSpec = {
  /** Limits on spending. `null` if there are none. */
  budget?: Budget | null;
  /** Fallback models for agents without a model of their own. When a model fails, the next one in this list is tried. */
  fallbacks?: string[];
  /** What the task is to achieve */
  goal: string;
  /** IDs of your image files to send to every agent in the task */
  images?: string[];
  /** Limits on each subtask */
  limits?: RunLimits;
  /** Maximum number of retries per failed subtask if `on_failure` is `retry` */
  max_retries?: number;
  /** Your own data, which Chimera only stores */
  metadata?: {
    [key: string]: JsonValue;
  };
  /** Model for agents without a model of their own, as `provider/model` */
  model?: string | null;
  /** What happens when a subtask fails */
  on_failure?: OnFailure;
  /** What happens to an answer that was cut off at its token limit. `continue`: the model continues the answer, at most twice. `accept`: the answer is used as it is. `fail`: the subtask or task fails. */
  on_truncated?: OnTruncated;
  /** JSON Schema of the answer. `null` if there is none. */
  output_schema?: {
    [key: string]: JsonValue;
  } | null;
  /** Subtasks as a directed acyclic graph. Default: a model plans the subtasks. */
  plan?: PlannedSubtask[] | null;
  /** Priority, from 1 (most urgent) to 5 (least urgent) */
  priority?: number;
  /** `false` to keep the task as a draft until you execute it */
  start?: boolean;
  /** Where subtasks run. `child`: each subtask runs in its own workflow. `inline`: subtasks run in their parent's workflow, with about half as many Temporal events as with `child`. Default: the setting `CHIMERA_SUBTASKS`. */
  subtasks?: SubtaskMode | null;
  /** Title */
  title?: string;
};
export type TaskMessageSpec = {
  /** The task. Its agents also receive the end of the conversation. */
  task: TaskSpec;
};
export type TemporalTls = {
  /** Path of the client certificate */
  client_cert_path?: string | null;
  /** Path of the client certificate's key */
  client_key_path?: string | null;
  /** Path of the certificate authority's certificate */
  server_ca_cert_path?: string | null;
  /** Name in the server's certificate */
  server_name?: string | null;
};
export type CodecAddress = {
  /** When the address expires. The address expires earlier if the user who created it signs out, is disabled or loses the administrator role. */
  expires_at: string;
  /** Temporal's address as seen from the API's machine, for `temporal --address` */
  temporal_address: string;
  /** Whether the `temporal` command needs an API key in `TEMPORAL_API_KEY` */
  temporal_api_key_required?: boolean;
  /** Temporal namespace that contains the runs, for `temporal --namespace` */
  temporal_namespace: string;
  /** TLS settings for the `temporal` command. `null` if Temporal doesn't use TLS. */
  temporal_tls?: TemporalTls | null;
  /** URL */
  url: string;
  /** Address of Temporal's Web UI. Web pages at any other address can't use the codec address. */
  web_ui_url: string;
};
export type FileView = {
  /** When it was created, in UTC */
  created_at: string;
  /** ID */
  id: string;
  /** Media type detected from the content. `application/octet-stream` if the type is unknown. */
  media_type: string;
  /** Name */
  name: string;
  /** SHA-256 hash */
  sha256: string;
  /** `true` if the simulator generated the file */
  simulated?: boolean;
  /** Size, in bytes */
  size_bytes: number;
  /** For a file that a task's agents wrote: the task's ID */
  task_id?: string | null;
};
export type FilePage = {
  /** The items of this page */
  items: FileView[];
  /** Send this value as `cursor` to get the next page. `null` on the last page. */
  next_cursor: string | null;
};
export type GroupView = {
  /** When it was created, in UTC */
  created_at: string;
  /** ID */
  id: string;
  /** Name */
  name: string;
  /** Your role in the group. `null` if you aren't a member, but an administrator. */
  role: ("member" | "manager") | null;
};
export type GroupPage = {
  /** The items of this page */
  items: GroupView[];
  /** Cursor of the next page. `null` on the last page. */
  next_cursor?: string | null;
};
export type GroupSpec = {
  /** Unique name of the group, regardless of case */
  name: string;
};
export type MemberView = {
  /** When it was created, in UTC */
  created_at: string;
  /** E-mail address that the manager entered */
  email: string;
  /** ID */
  id: string;
  /** `manager` for a member who also manages the group */
  role: "member" | "manager";
};
export type MemberPage = {
  /** The items of this page */
  items: MemberView[];
  /** Cursor of the next page. `null` on the last page. */
  next_cursor?: string | null;
};
export type MemberSpec = {
  /** E-mail address of the user's account, or the name of a service account */
  email: string;
  /** `manager` for a member who also manages the group */
  role?: "member" | "manager";
};
export type HoldView = {
  /** When it was created, in UTC */
  created_at: string;
  /** ID of the task, chat session, completion, AI call or file */
  id: string;
  /** ID of the user who placed the hold */
  placed_by: string;
};
export type HoldPage = {
  /** The items of this page */
  items: HoldView[];
  /** Cursor of the next page. `null` on the last page. */
  next_cursor?: string | null;
};
export type InvitationView = {
  /** When it was created, in UTC */
  created_at: string;
  /** E-mail address */
  email: string | null;
  /** When it expires. `null` for never. */
  expires_at: string;
  /** ID */
  id: string;
  /** Role */
  role: "user" | "admin" | "viewer";
  /** When an account was created with it. `null` if it wasn't used. */
  used_at: string | null;
};
export type InvitationPage = {
  /** The items of this page */
  items: InvitationView[];
  /** Cursor of the next page. `null` on the last page. */
  next_cursor?: string | null;
};
export type NewInvitation = {
  /** When it was created, in UTC */
  created_at: string;
  /** E-mail address */
  email: string | null;
  /** When it expires. `null` for never. */
  expires_at: string;
  /** ID */
  id: string;
  /** Role */
  role: "user" | "admin" | "viewer";
  /** Give this token to the invited person. It can't be shown again. */
  token: string;
  /** When an account was created with it. `null` if it wasn't used. */
  used_at: string | null;
};
export type InvitationSpec = {
  /** The only e-mail address that can be registered. Default: any address. */
  email?: string | null;
  /** Hours until the invitation expires */
  expires_in_hours?: number;
  /** Role of the new account */
  role?: "user" | "admin" | "viewer";
};
export type McpServerView = {
  /** When it was created, in UTC */
  created_at: string;
  /** Why the tools could not be listed the last time */
  error: string | null;
  /** Whether headers are stored. Their names and values are never returned. */
  has_headers: boolean;
  /** Name */
  name: string;
  /** Number of tools, including changed ones that wait to be accepted */
  tools: number;
  /** URL */
  url: string;
  /** Number of changed tools that wait to be accepted */
  waiting: number;
};
export type McpServerPage = {
  /** The items of this page */
  items: McpServerView[];
  /** Send this value as `cursor` to get the next page. `null` on the last page. */
  next_cursor?: string | null;
};
export type McpServerSpec = {
  /** Headers for each request, such as `Authorization`. They are stored encrypted and never returned. */
  headers?: {
    [key: string]: string;
  };
  /** Prefix of the names of its tools, as in `github__create_issue` */
  name: string;
  /** Address of the server, with the streamable HTTP transport */
  url: string;
};
export type Verdict2 = "allow" | "ask" | "deny";
export type PolicyRule = {
  /** For `allow`: `true` if the call is also allowed to send data out after the task has read untrusted content */
  after_untrusted?: boolean;
  /** Pattern of agent names */
  agent?: string;
  /** Who decides, and by when */
  approval?: ApprovalTerms;
  /** Patterns of arguments by name, such as `{"path": "/reports/*"}`. Nested arguments are named with dots. An argument that isn't text is compared as JSON. */
  arguments?: {
    [key: string]: string;
  };
  /** Shown to approvers, or to the agent if it is denied */
  reason?: string;
  /** Pattern of tool names, such as `github__*` */
  tool?: string;
  /** Pattern of the task owner's e-mail address; useful only for the installation's rules */
  user?: string;
  /** What happens to a call */
  verdict: Verdict2;
};
export type PolicyView = {
  /** The rules of the installation */
  installation: PolicyRule[];
  /** Your own rules */
  own: PolicyRule[];
};
export type Verdict3 = "allow" | "ask" | "deny";
export type PolicyRule2 = {
  /** For `allow`: `true` if the call is also allowed to send data out after the task has read untrusted content */
  after_untrusted?: boolean;
  /** Pattern of agent names */
  agent?: string;
  /** Who decides, and by when */
  approval?: ApprovalTerms;
  /** Patterns of arguments by name, such as `{"path": "/reports/*"}`. Nested arguments are named with dots. An argument that isn't text is compared as JSON. */
  arguments?: {
    [key: string]: string;
  };
  /** Shown to approvers, or to the agent if it is denied */
  reason?: string;
  /** Pattern of tool names, such as `github__*` */
  tool?: string;
  /** Pattern of the task owner's e-mail address; useful only for the installation's rules */
  user?: string;
  /** What happens to a call */
  verdict: Verdict3;
};
export type Policy = {
  /** The rules, in their order */
  rules?: PolicyRule2[];
};
export type Policy2 = {
  /** The rules, in their order */
  rules?: PolicyRule[];
};
export type PolicyTestView = {
  /** Who would have to decide, for `ask` */
  approval: ApprovalTerms | null;
  /** The list that the rule is in */
  decided_by: "installation" | "own" | "default";
  /** Whether the tool is known. An unknown tool is treated as one that can change something. */
  known: boolean;
  /** Reason of the rule, or of the default */
  reason: string;
  /** Position of the rule in that list, from 0. `null` for a default. */
  rule: number | null;
  /** What happens to the call */
  verdict: Verdict2;
};
export type PolicyTest = {
  /** `true` if the task has read content from outside before the call */
  after_untrusted?: boolean;
  /** Name of the agent */
  agent?: string;
  /** Arguments of the call */
  arguments?: {
    [key: string]: JsonValue;
  };
  /** Name of the tool */
  tool: string;
};
export type AttemptStatus =
  "started" | "finished" | "failed" | "cancelled" | "in_doubt" | "late";
export type ModelCallView = {
  /** Name of the agent */
  agent: string;
  /** Version of the agent. `null` for built-in agents. */
  agent_version?: number | null;
  /** Number of the attempt, from 1 */
  attempt: number;
  /** Cost, in millionths of a US dollar */
  cost_micro_usd: number;
  /** When it ended, in UTC. `null` while it is open. */
  ended_at: string | null;
  /** Error code of the failure. `null` if it didn't fail. */
  error_code: string | null;
  /** `true` if the cost is an estimate because the provider didn't report usage */
  estimated: boolean;
  /** Why the answer ended. `null` if there is no answer. */
  finish_reason?:
    | (
        | "stop"
        | "length"
        | "tool_calls"
        | "content_filter"
        | "refusal"
        | "other"
        | "interrupted"
      )
    | null;
  /** Model, as `provider/model` */
  model: string;
  /** Path of the subtask; empty for the task itself */
  path: string;
  /** What the model call is for */
  purpose: Purpose;
  /** Highest possible cost of the call, reserved before it starts */
  reserved_micro_usd?: number;
  /** Highest possible number of tokens, reserved before the call starts */
  reserved_tokens?: number;
  /** `true` if the built-in simulator answers */
  simulated: boolean;
  /** When it started, in UTC. `null` before that. */
  started_at: string;
  /** State */
  status: AttemptStatus;
  /** Number of the model call in its node, from 1 */
  step: number;
  /** Number of tokens */
  usage: Usage;
};
export type AgentCost = {
  /** Name of the agent */
  agent: string;
  /** Number of attempts, including failed attempts and those whose outcome is unknown */
  attempts: number;
  /** Cost charged for these attempts. In each list, these costs add up to the task's `spent_micro_usd`. */
  cost_micro_usd: number;
  /** `true` if part of the cost is an estimate because a provider didn't report an attempt's usage */
  estimated?: boolean;
  /** Estimated cost of attempts whose outcome is unknown (in doubt), in addition to `cost_micro_usd` */
  in_doubt_micro_usd: number;
  /** Number of tokens */
  usage: Usage;
};
export type ModelCost = {
  /** Number of attempts, including failed attempts and those whose outcome is unknown */
  attempts: number;
  /** Cost charged for these attempts. In each list, these costs add up to the task's `spent_micro_usd`. */
  cost_micro_usd: number;
  /** `true` if part of the cost is an estimate because a provider didn't report an attempt's usage */
  estimated?: boolean;
  /** Estimated cost of attempts whose outcome is unknown (in doubt), in addition to `cost_micro_usd` */
  in_doubt_micro_usd: number;
  /** Model, as `provider/model` */
  model: string;
  /** `true` if the built-in simulator answers */
  simulated: boolean;
  /** Number of tokens */
  usage: Usage;
};
export type NodeCost = {
  /** Number of attempts, including failed attempts and those whose outcome is unknown */
  attempts: number;
  /** Cost charged for these attempts. In each list, these costs add up to the task's `spent_micro_usd`. */
  cost_micro_usd: number;
  /** `true` if part of the cost is an estimate because a provider didn't report an attempt's usage */
  estimated?: boolean;
  /** Estimated cost of attempts whose outcome is unknown (in doubt), in addition to `cost_micro_usd` */
  in_doubt_micro_usd: number;
  /** Path of the subtask. Empty for the task's own calls, which produce its plan and answer. */
  path: string;
  /** Number of tokens */
  usage: Usage;
};
export type CostView = {
  /** Attempts at model calls, oldest first. The list contains at most 1000 attempts. */
  attempts: ModelCallView[];
  /** Limits on spending. `null` if there are none. */
  budget: BudgetView | null;
  /** Cost by agent */
  by_agent: AgentCost[];
  /** Cost by model */
  by_model: ModelCost[];
  /** Cost by subtask */
  by_subtask: NodeCost[];
  /** `true` if parts of `usage` and `spent_micro_usd` are estimates */
  estimated?: boolean;
  /** Estimated cost of attempts whose outcome is unknown (in doubt) */
  in_doubt_micro_usd: number;
  /** The model calls, with every attempt */
  model_calls: number;
  /** Cost reserved for model calls in flight */
  reserved_micro_usd: number;
  /** Cost so far, in millionths of a US dollar */
  spent_micro_usd: number;
  /** Tokens of all calls */
  usage: Usage;
};
export type ToolCallView = {
  /** Arguments as the model wrote them, usually JSON */
  arguments: string;
  /** ID */
  id: string;
  /** Name */
  name: string;
};
export type MessageView = {
  /** For a reply: the agent that answered */
  agent: string | null;
  /** For a reply: the agent's version. `null` for built-in agents. */
  agent_version?: number | null;
  /** Text of the message */
  content: string;
  /** When it was created, in UTC */
  created_at: string;
  /** For a tool result: whether the tool failed */
  failed: boolean | null;
  /** For a reply: why the reply ended */
  finish_reason:
    | (
        | "stop"
        | "length"
        | "tool_calls"
        | "content_filter"
        | "refusal"
        | "other"
        | "interrupted"
      )
    | null;
  /** For guidance: the ID of the guidance */
  guidance_id: number | null;
  /** For a tool result: the IDs of the files with its images, unless they were deleted */
  images?: string[];
  /** For a reply: the model that answered */
  model: string | null;
  /** Path of the subtask; empty for the task itself */
  path: string;
  /** What the model call is for */
  purpose: Purpose;
  /** `user`, `assistant` or `tool`. The agent's system prompt isn't included as a message. */
  role: string;
  /** Position of the message among the messages with the same `path` and `purpose` */
  seq: number;
  /** Step number of the model call that sent or returned the message */
  step: number;
  /** For a reply: the model's reasoning, if the provider returns it */
  thought: string | null;
  /** Estimated number of tokens. For the provider's own counts, see the task's cost. */
  tokens: number;
  /** For a tool result: the tool's name */
  tool: string | null;
  /** For a tool result: the ID of the tool call */
  tool_call_id: string | null;
  /** The tool calls */
  tool_calls?: ToolCallView[];
};
export type MessagePage = {
  /** The items of this page */
  items: MessageView[];
  /** Send this value as `cursor` to get the next page. `null` on the last page. */
  next_cursor: string | null;
};
export type Overlap = "skip" | "buffer_one" | "allow_all" | "cancel_other";
export type ScheduleView = {
  /** When it was created, in UTC */
  created_at: string;
  /** Cron expression with five fields. `null` if the schedule has an interval. */
  cron: string | null;
  /** ID */
  id: string;
  /** Seconds between runs. `null` if the schedule has a cron expression. */
  interval_s: number | null;
  /** Name */
  name: string;
  /** When the next runs are due */
  next_runs: string[];
  /** Why the schedule isn't starting runs, or why its last run was skipped */
  note?: string | null;
  /** What happens to a run that is due before the previous one has ended */
  overlap: Overlap;
  /** `true` if no runs start */
  paused: boolean;
  /** The task */
  task: TaskSpec;
  /** Time zone of the cron expression, such as `Europe/Berlin` */
  time_zone: string;
};
export type SchedulePage = {
  /** The items of this page */
  items: ScheduleView[];
  /** Send this value as `cursor` to get the next page. `null` on the last page. */
  next_cursor?: string | null;
};
export type ScheduleSpec = {
  /** Cron expression with five fields: minute, hour, day of the month, month, and day of the week */
  cron?: string | null;
  /** Seconds between runs */
  interval_s?: number | null;
  /** Name */
  name: string;
  /** What happens to a run that is due before the previous one has ended */
  overlap?: Overlap;
  /** `true` if no runs start */
  paused?: boolean;
  /** The task */
  task: TaskSpec;
  /** Time zone of the cron expression, such as `Europe/Berlin` */
  time_zone?: string;
};
export type PreviewView = {
  /** When the next runs are due */
  next_runs: string[];
  /** Time zone of the cron expression, such as `Europe/Berlin` */
  time_zone: string;
};
export type PreviewSpec = {
  /** Show runs after this time. Default: now. */
  after?: string | null;
  /** Cron expression with five fields: minute, hour, day of the month, month, and day of the week */
  cron?: string | null;
  /** Seconds between runs */
  interval_s?: number | null;
  /** Name */
  name?: string | null;
  /** What happens to a run that is due before the previous one has ended */
  overlap?: Overlap;
  /** `true` if no runs start */
  paused?: boolean;
  /** The task */
  task?: TaskSpec | null;
  /** Time zone of the cron expression, such as `Europe/Berlin` */
  time_zone?: string;
};
export type BackfillView = {
  /** When the created runs were due */
  runs: string[];
};
export type BackfillOverlap = "buffer_all" | "allow_all";
export type BackfillSpec = {
  /** End of the period */
  end: string;
  /** What happens to a run that is due before the previous one has ended */
  overlap?: BackfillOverlap;
  /** Beginning of the period */
  start: string;
};
export type BlockedCall = {
  /** Number of attempts so far, including failed connections */
  attempts: number;
  /** Why the call is blocked, for example `rate_limited`, `provider_away`, `model_loading` or `overloaded` */
  code: string;
  /** Explanation for people */
  message: string;
  /** Model of the latest attempt. `null` before the first attempt. */
  model: string | null;
  /** When the next attempt is due. `null` if the time is unknown or has passed. */
  next_try_at: string | null;
  /** Path of the subtask; empty for the task itself */
  path: string;
  /** Number of requests to providers so far. Failed connections don't count. */
  requests: number;
  /** When the call was first blocked, according to the task's newest events */
  since: string;
  /** Number of the model call in its node, from 1 */
  step: number;
};
export type RetryAdvice = {
  /** Set at least one of these fields in the retry, because an unchanged retry would fail again. Empty if an unchanged retry may help. */
  change?: ("model" | "guidance")[];
  /** Fields that you can set in the retry instead of applying the fix that `message` describes */
  instead?: ("model" | "guidance")[];
  /** Recommended action, in words */
  message: string;
  /** Whether a new task with different text may also help. A retry can't change the text. */
  new_task?: boolean;
  /** Whether a retry can help. If `false`, create a new task. */
  retry: boolean;
};
export type TaskView = {
  /** Number of decisions by people that the task is waiting for */
  approvals_pending?: number;
  /** Calls of a running task that are currently blocked. Always empty in lists. */
  blocked_by?: BlockedCall[];
  /** Limits on spending. `null` if there are none. */
  budget: BudgetView | null;
  /** When it was created, in UTC */
  created_at: string;
  /** For a task that a schedule created: when the run was due or triggered */
  due_at?: string | null;
  /** When it ended, in UTC. `null` while it is open. */
  ended_at: string | null;
  /** Why it failed. `null` if it didn't. */
  error: string | null;
  /** Error code of the failure. `null` if it didn't fail. */
  error_code: string | null;
  /** `true` if part of `spent_micro_usd` is an estimate because a provider didn't report usage */
  estimated?: boolean;
  /** Models that are tried if the one before fails, as `provider/model` */
  fallbacks?: string[];
  /** Why the answer ended. `length`: the answer was cut off at its token limit and is incomplete. */
  finish_reason?:
    | (
        | "stop"
        | "length"
        | "tool_calls"
        | "content_filter"
        | "refusal"
        | "other"
        | "interrupted"
      )
    | null;
  /** What the task is to achieve */
  goal: string;
  /** ID */
  id: string;
  /** IDs of image files */
  images?: string[];
  /** Estimated cost of attempts whose outcome is unknown, for example after a worker crashed */
  in_doubt_micro_usd: number;
  /** When the last model call began. After a cancellation, use this time to check that no further call began. */
  last_call_at: string | null;
  /** Sequence number of the task's newest event */
  last_seq: number;
  /** Your own data, which Chimera only stores */
  metadata: {
    [key: string]: JsonValue;
  };
  /** Model, as `provider/model` */
  model: string | null;
  /** Number of requests to providers, including repeated requests. Failed connections don't count. */
  model_calls: number;
  /** What happens when a subtask fails */
  on_failure: OnFailure;
  /** What happens to an answer that was cut off at its token limit */
  on_truncated?: OnTruncated;
  /** The result as JSON, if it has a JSON Schema. Always `null` in lists. */
  output?: JsonValue | null;
  /** Priority, from 1 (most urgent) to 5 (least urgent) */
  priority: number;
  /** Position in the queue of tasks that are waiting to start. The task at position `1` is next. */
  queue_place?: number | null;
  /** How a failed task can continue */
  remedy?: RetryAdvice | null;
  /** The result. `null` until there is one. */
  result: string | null;
  /** Number of times the task was retried after a failure */
  retries?: number;
  /** ID of the schedule that created it. `null` if none did. */
  schedule_id: string | null;
  /** `true` if the built-in simulator answered at least one of the task's calls */
  simulated: boolean;
  /** Cost so far, in millionths of a US dollar */
  spent_micro_usd: number;
  /** When it started, in UTC. `null` before that. */
  started_at: string | null;
  /** State */
  status: RunStatus;
  /** The subtasks */
  subtasks?: SubtaskMode;
  /** Number of subtasks that have ended */
  subtasks_done: number;
  /** Number of subtasks so far */
  subtasks_total: number;
  /** URL of the run in Temporal's Web UI */
  temporal_url: string;
  /** Title */
  title: string;
  /** Number of tokens */
  usage: Usage;
  /** What a waiting task is waiting for. Always `null` in lists. */
  waiting?:
    | (
        | ({
            kind: "approval";
          } & ApprovalWait)
        | ({
            kind: "budget";
          } & BudgetWait)
      )
    | null;
};
export type TaskPage = {
  /** The items of this page */
  items: TaskView[];
  /** Send this value as `cursor` to get the next page. `null` on the last page. */
  next_cursor: string | null;
};
export type LogEntry = {
  /** When the process logged the event */
  at: string;
  /** Name of the process's log, for example `api` or `worker` */
  component: string;
  /** The event, at most 200 characters */
  event: string;
  /** Facts about the event. Secrets are replaced by `[redacted]`. */
  fields: {
    [key: string]: any;
  };
  /** Number of the entry; later entries have larger numbers */
  id: number;
  /** `info`, `warning`, `error` or `critical` */
  level: string;
  /** ID of the request that the process was answering */
  request_id: string | null;
};
export type LogPage = {
  /** Entries of this page */
  items: LogEntry[];
  /** Pass it as `cursor` to get the next page; `null` on the last page */
  next_cursor?: string | null;
};
export type NotificationData = {
  /** Name of the agent */
  agent?: string | null;
  /** Error code */
  code?: string | null;
  /** The text */
  text?: string | null;
  /** Title */
  title?: string | null;
  /** Name of the tool */
  tool?: string | null;
};
export type NotificationKind =
  | "approval"
  | "question"
  | "run_failed"
  | "budget_reached"
  | "spending_reached"
  | "schedule_skipped"
  | "tool_changed";
export type NotificationView = {
  /** The approval that waits for you */
  approval_id?: string | null;
  /** When it was created, in UTC */
  created_at: string;
  /** Facts about the notification. Absent ones are `null`. */
  data: NotificationData;
  /** ID */
  id: number;
  /** Kind */
  kind: NotificationKind;
  /** When you marked it as read, or when it was resolved */
  read_at: string | null;
  /** When nothing was left to do, for example because a decision was made */
  resolved_at: string | null;
  /** The run that the notification is about */
  run_id: string | null;
  /** The schedule that the notification is about */
  schedule_id?: string | null;
};
export type NotificationViewRead = {
  /** The approval that waits for you */
  approval_id?: string | null;
  /** When it was created, in UTC */
  created_at: string;
  /** Facts about the notification. Absent ones are `null`. */
  data: NotificationData;
  /** ID */
  id: number;
  /** Kind */
  kind: NotificationKind;
  /** When you marked it as read, or when it was resolved */
  read_at: string | null;
  /** When nothing was left to do, for example because a decision was made */
  resolved_at: string | null;
  /** The run that the notification is about */
  run_id: string | null;
  /** The schedule that the notification is about */
  schedule_id?: string | null;
  /** The notification in words */
  text: string;
};
export type NotificationPage = {
  /** The items of this page */
  items: NotificationView[];
  /** Send this value as `cursor` to get the next page. `null` on the last page. */
  next_cursor: string | null;
  /** Number of all your unread notifications, up to 1,000 */
  unread: number;
};
export type NotificationPageRead = {
  /** The items of this page */
  items: NotificationViewRead[];
  /** Send this value as `cursor` to get the next page. `null` on the last page. */
  next_cursor: string | null;
  /** Number of all your unread notifications, up to 1,000 */
  unread: number;
};
export type NotificationCounts = {
  /** Number of notifications that this request marked as read */
  marked: number;
  /** Number of all your unread notifications, up to 1,000 */
  unread: number;
};
export type ReadMark = {
  /** ID of the newest notification that you have seen */
  up_to: number;
};
export type RetentionKind =
  | "tasks"
  | "completions"
  | "chat_sessions"
  | "ai_calls"
  | "files"
  | "audit_log"
  | "notifications"
  | "system_log"
  | "custom_metrics"
  | "runs"
  | "account_data";
export type RetentionRule = {
  /** `true` if workers delete old content all the time, and not in the daily retention runs */
  continuous: boolean;
  /** Days that content is kept. `0`: until it is deleted on request. */
  days: number;
  /** Kind */
  kind: RetentionKind;
  /** Name of the setting */
  setting: string;
};
export type RetentionPage = {
  /** Hour of the day, in UTC, at which the daily run starts */
  hour: number;
  /** The items of this page */
  items: RetentionView[];
  /** Cursor of the next page. `null` on the last page. */
  next_cursor?: string | null;
  /** The rules, in their order */
  rules: RetentionRule[];
};
export type RetentionRequest = {
  /** `true` to delete nothing and return what would be deleted */
  dry_run?: boolean;
  /** ID of a user. All of the user's content is deleted, whatever its age. The account is kept. `null`: the content of all users that is older than the settings permit. */
  user_id?: string | null;
};
export type WaitsFor = "approval" | "question" | "budget";
export type TodaysCost = {
  /** Cost in millionths of a US dollar, including that of simulated calls */
  cost_micro_usd: number;
  /** Estimated cost of attempts whose outcome is unknown (in doubt) */
  in_doubt_micro_usd: number;
  /** The day, up to the end of the current quarter of an hour */
  period: Period;
  /** Part of the cost that the built-in simulator invented */
  simulated_micro_usd: number;
};
export type WaitingCounts = {
  /** Number of tool calls, and of their unknown outcomes, that you can decide about. Counted up to 1000. */
  approvals: number;
  /** Number of your tasks and replies that wait for a higher budget. Counted up to 1000. */
  budgets: number;
  /** Number of agents' questions that you can answer. Counted up to 1000. */
  questions: number;
};
export type TaskCounts = {
  /** Number of your tasks in each state. Counted up to 1000. */
  by_status: {
    [key: string]: number;
  };
  /** Cost of today */
  today: TodaysCost;
  /** Number of notifications that you haven't read. Counted up to 1000. */
  unread_notifications: number;
  /** What waits for you */
  waiting: WaitingCounts;
};
export type Spread = {
  /** Typical value: half of the tasks need at most this much */
  p50: number;
  /** High value: nine of ten tasks need at most this much */
  p90: number;
};
export type TaskEstimate = {
  /** `similar_tasks`: your newest completed tasks with the same model and the same agents, or that were planned by a model too. `prices`: the prices of the models, with typical numbers of calls and tokens. */
  based_on: "similar_tasks" | "prices";
  /** Cost in millionths of a US dollar */
  cost_micro_usd: Spread;
  /** Time from the start to the end, without the time spent waiting for people. `null` if the estimate is based on prices, which say nothing about it. */
  duration_ms: Spread | null;
  /** Number of requests to providers */
  model_calls: Spread;
  /** Number of similar tasks that were found, even if they were too few to use */
  samples: number;
  /** `true` if the built-in simulator would answer at least one of the calls */
  simulated: boolean;
  /** Number of input and output tokens */
  tokens: Spread;
  /** Whether the high values fit into the budget in the request. `null` without a budget. Even a task that fits may wait for a higher budget, because each call's highest possible cost is reserved before it starts. */
  within_budget: boolean | null;
};
export type TaskType = {
  /** What it is for */
  description: string;
  /** Name */
  name: string;
};
export type TaskTypes = {
  /** The policies for failed subtasks */
  on_failure: OnFailure[];
  /** The states of tasks */
  statuses: RunStatus[];
  /** The ways to define subtasks */
  types: TaskType[];
};
export type TaskChange = {
  /** Limits to change. The others keep their values. */
  budget?: Budget | null;
  /** Fallback models for agents without a model of their own */
  fallbacks?: string[] | null;
  /** Goal of the task */
  goal?: string | null;
  /** IDs of your image files to send to every agent in the task */
  images?: string[] | null;
  /** Limits on each subtask */
  limits?: RunLimits | null;
  /** Maximum number of retries per subtask */
  max_retries?: number | null;
  /** Data of your own that replaces the current metadata */
  metadata?: {
    [key: string]: JsonValue;
  } | null;
  /** Model for agents without a model of their own, as `provider/model` */
  model?: string | null;
  /** What happens when a subtask fails */
  on_failure?: OnFailure | null;
  /** What happens to an answer that was cut off at its token limit */
  on_truncated?: OnTruncated | null;
  /** JSON Schema (draft 2020-12) of the answer. An empty object removes the schema. */
  output_schema?: {
    [key: string]: JsonValue;
  } | null;
  /** Subtasks that replace the current ones. An empty list: a model plans the subtasks. */
  plan?: PlannedSubtask[] | null;
  /** Priority, from 1 (most urgent) to 5 (least urgent) */
  priority?: number | null;
  /** Where subtasks run */
  subtasks?: SubtaskMode | null;
  /** Title of the task */
  title?: string | null;
};
export type ApprovalDecided = {
  /** ID of the approval */
  approval_id: string;
  /** Number of the attempt, from 1 */
  attempt?: number | null;
  /** E-mail address of the user who decided. `null` if no user did. */
  by?: string | null;
  /** Kind */
  kind: ApprovalKind;
  /** Path of the subtask; empty for the task itself */
  path?: string;
  /** State */
  status: ApprovalStatus;
  /** Number of the model call in its node, from 1 */
  step?: number | null;
  /** Type */
  type?: "approval.decided";
};
export type ApprovalEscalated = {
  /** ID of the approval */
  approval_id: string;
  /** E-mail addresses of the users who may decide */
  approvers: string[];
  /** Number of the attempt, from 1 */
  attempt?: number | null;
  /** Path of the subtask; empty for the task itself */
  path?: string;
  /** Number of the model call in its node, from 1 */
  step?: number | null;
  /** Type */
  type?: "approval.escalated";
};
export type ApprovalRequested = {
  /** ID of the approval */
  approval_id: string;
  /** Number of the attempt, from 1 */
  attempt?: number | null;
  /** Position among the calls of its step, from 0 */
  index: number;
  /** Kind */
  kind: ApprovalKind;
  /** Path of the subtask; empty for the task itself */
  path?: string;
  /** The beginning of the text, at most 500 characters */
  preview: string;
  /** The reason */
  reason: string;
  /** Number of the model call in its node, from 1 */
  step?: number | null;
  /** Name of the tool */
  tool: string;
  /** Type */
  type?: "approval.requested";
};
export type BudgetRaised = {
  /** Number of the attempt, from 1 */
  attempt?: number | null;
  /** Maximum cost, in millionths of a US dollar */
  max_cost_micro_usd: number | null;
  /** Maximum number of requests to providers */
  max_model_calls: number | null;
  /** Maximum total number of input and output tokens */
  max_tokens: number | null;
  /** Path of the subtask; empty for the task itself */
  path?: string;
  /** Number of the model call in its node, from 1 */
  step?: number | null;
  /** Type */
  type?: "budget.raised";
};
export type BudgetReached = {
  /** Number of the attempt, from 1 */
  attempt?: number | null;
  /** Name of the limit */
  limit: string;
  /** Explanation for people */
  message: string;
  /** Lowest limit that allows the next call */
  needed?: number | null;
  /** Path of the subtask; empty for the task itself */
  path?: string;
  /** Number of the model call in its node, from 1 */
  step?: number | null;
  /** Type */
  type?: "budget.reached";
  /** For a spending limit, when its period ends and the task continues on its own */
  until?: string | null;
};
export type ConversationSummarized = {
  /** Number of the attempt, from 1 */
  attempt?: number | null;
  /** ID of the last message that the summary covers */
  covers_id: string;
  /** Path of the subtask; empty for the task itself */
  path?: string;
  /** The beginning of the text, at most 500 characters */
  preview: string;
  /** Number of the model call in its node, from 1 */
  step?: number | null;
  /** Type */
  type?: "conversation.summarized";
};
export type FileWritten = {
  /** Number of the attempt, from 1 */
  attempt?: number | null;
  /** ID of the file */
  file_id: string;
  /** Name */
  name: string;
  /** Path of the subtask; empty for the task itself */
  path?: string;
  /** Size, in bytes */
  size_bytes: number;
  /** Number of the model call in its node, from 1 */
  step?: number | null;
  /** Type */
  type?: "file.written";
};
export type GuidanceGiven = {
  /** Number of the attempt, from 1 */
  attempt?: number | null;
  /** ID of the guidance */
  guidance_id: number;
  /** Path of the subtask; empty for the task itself */
  path?: string;
  /** The beginning of the text, at most 500 characters */
  preview: string;
  /** Number of the model call in its node, from 1 */
  step?: number | null;
  /** Type */
  type?: "guidance.given";
};
export type GuidanceSeen = {
  /** Number of the attempt, from 1 */
  attempt?: number | null;
  /** ID of the guidance */
  guidance_id: number;
  /** Path of the subtask; empty for the task itself */
  path?: string;
  /** The beginning of the text, at most 500 characters */
  preview?: string;
  /** Number of the model call in its node, from 1 */
  step?: number | null;
  /** Type */
  type?: "guidance.seen";
};
export type ModelCallFailed = {
  /** Number of the attempt, from 1 */
  attempt?: number | null;
  /** Error code */
  code: string;
  /** Explanation for people */
  message: string;
  /** Path of the subtask; empty for the task itself */
  path?: string;
  /** What the model call is for */
  purpose: Purpose;
  /** Seconds until the next attempt. `null` if unknown. */
  retry_after_s?: number | null;
  /** `true` if the call is attempted again */
  retryable: boolean;
  /** Number of the model call in its node, from 1 */
  step?: number | null;
  /** Type */
  type?: "model_call.failed";
};
export type ModelCallFellBack = {
  /** Number of the attempt, from 1 */
  attempt?: number | null;
  /** Error code */
  code: string;
  /** Model that failed */
  from_model: string;
  /** Path of the subtask; empty for the task itself */
  path?: string;
  /** What the model call is for */
  purpose: Purpose;
  /** Number of the model call in its node, from 1 */
  step?: number | null;
  /** Model that is called instead */
  to_model: string;
  /** Type */
  type?: "model_call.fell_back";
};
export type ModelCallFinished = {
  /** Number of the attempt, from 1 */
  attempt?: number | null;
  /** Cost, in millionths of a US dollar */
  cost_micro_usd: number;
  /** `true` if tokens and cost are estimates */
  estimated?: boolean;
  /** Why the answer ended. `length`: it was cut off at its limit. */
  finish_reason?:
    | "stop"
    | "length"
    | "tool_calls"
    | "content_filter"
    | "refusal"
    | "other"
    | "interrupted";
  /** Number of input tokens */
  input_tokens: number;
  /** Number of output tokens */
  output_tokens: number;
  /** Path of the subtask; empty for the task itself */
  path?: string;
  /** The beginning of the text, at most 500 characters */
  preview: string;
  /** What the model call is for */
  purpose: Purpose;
  /** Number of the model call in its node, from 1 */
  step?: number | null;
  /** The tool calls */
  tool_calls: string[];
  /** Type */
  type?: "model_call.finished";
};
export type ModelCallStarted = {
  /** Name of the agent */
  agent: string;
  /** Version of the agent. `null` for built-in agents. */
  agent_version?: number | null;
  /** Number of the attempt, from 1 */
  attempt?: number | null;
  /** Model, as `provider/model` */
  model: string;
  /** Path of the subtask; empty for the task itself */
  path?: string;
  /** What the model call is for */
  purpose: Purpose;
  /** `true` if the built-in simulator answers */
  simulated: boolean;
  /** Number of the model call in its node, from 1 */
  step?: number | null;
  /** Type */
  type?: "model_call.started";
};
export type ModelCallWaiting = {
  /** Number of the attempt, from 1 */
  attempt?: number | null;
  /** Error code */
  code: string;
  /** Explanation for people */
  message: string;
  /** Path of the subtask; empty for the task itself */
  path?: string;
  /** What the model call is for */
  purpose: Purpose;
  /** Seconds until the next attempt. `null` if unknown. */
  retry_after_s: number | null;
  /** Number of the model call in its node, from 1 */
  step?: number | null;
  /** Type */
  type?: "model_call.waiting";
};
export type PlanNode = {
  /** Name of the agent */
  agent: string;
  /** `true` if it is planned into smaller subtasks */
  decompose?: boolean;
  /** Keys of the subtasks whose results it receives */
  depends_on?: string[];
  /** Short name, unique in the plan */
  key: string;
  /** Title */
  title?: string;
};
export type PlanCreated = {
  /** Number of the attempt, from 1 */
  attempt?: number | null;
  /** Path of the subtask; empty for the task itself */
  path?: string;
  /** Number of the model call in its node, from 1 */
  step?: number | null;
  /** The subtasks */
  subtasks: PlanNode[];
  /** Type */
  type?: "plan.created";
};
export type PlanRejected = {
  /** Number of the attempt, from 1 */
  attempt?: number | null;
  /** Path of the subtask; empty for the task itself */
  path?: string;
  /** The problems */
  problems: string[];
  /** Number of the model call in its node, from 1 */
  step?: number | null;
  /** Type */
  type?: "plan.rejected";
};
export type RunAccepted = {
  /** Number of the attempt, from 1 */
  attempt?: number | null;
  /** Path of the subtask; empty for the task itself */
  path?: string;
  /** Number of the model call in its node, from 1 */
  step?: number | null;
  /** Type */
  type?: "run.accepted";
};
export type RunCancelled = {
  /** Number of the attempt, from 1 */
  attempt?: number | null;
  /** When the last model call began */
  last_call_at?: string | null;
  /** Path of the subtask; empty for the task itself */
  path?: string;
  /** The beginning of the text, at most 500 characters */
  preview?: string;
  /** Number of the model call in its node, from 1 */
  step?: number | null;
  /** Type */
  type?: "run.cancelled";
};
export type RunCancelling = {
  /** Number of the attempt, from 1 */
  attempt?: number | null;
  /** Path of the subtask; empty for the task itself */
  path?: string;
  /** Number of the model call in its node, from 1 */
  step?: number | null;
  /** Type */
  type?: "run.cancelling";
};
export type RunChanged = {
  /** Number of the attempt, from 1 */
  attempt?: number | null;
  /** Names of the fields */
  fields: string[];
  /** Path of the subtask; empty for the task itself */
  path?: string;
  /** Number of the model call in its node, from 1 */
  step?: number | null;
  /** Type */
  type?: "run.changed";
};
export type RunCompleted = {
  /** Number of the attempt, from 1 */
  attempt?: number | null;
  /** Why the answer ended. `length`: it was cut off at its limit. */
  finish_reason?:
    | "stop"
    | "length"
    | "tool_calls"
    | "content_filter"
    | "refusal"
    | "other"
    | "interrupted";
  /** Path of the subtask; empty for the task itself */
  path?: string;
  /** The beginning of the text, at most 500 characters */
  preview: string;
  /** `true` if the built-in simulator answers */
  simulated?: boolean;
  /** Number of the model call in its node, from 1 */
  step?: number | null;
  /** Type */
  type?: "run.completed";
};
export type RunFailed = {
  /** Number of the attempt, from 1 */
  attempt?: number | null;
  /** Error code */
  code: string;
  /** Explanation for people */
  message: string;
  /** Path of the subtask; empty for the task itself */
  path?: string;
  /** Number of the model call in its node, from 1 */
  step?: number | null;
  /** Type */
  type?: "run.failed";
};
export type RunPaused = {
  /** Number of the attempt, from 1 */
  attempt?: number | null;
  /** Path of the subtask; empty for the task itself */
  path?: string;
  /** Number of the model call in its node, from 1 */
  step?: number | null;
  /** Type */
  type?: "run.paused";
};
export type RunResumed = {
  /** Number of the attempt, from 1 */
  attempt?: number | null;
  /** Path of the subtask; empty for the task itself */
  path?: string;
  /** Number of the model call in its node, from 1 */
  step?: number | null;
  /** Type */
  type?: "run.resumed";
};
export type RunRetried = {
  /** Number of the attempt, from 1 */
  attempt?: number | null;
  /** Model, as `provider/model` */
  model?: string | null;
  /** Path of the subtask; empty for the task itself */
  path?: string;
  /** Paths of the subtasks */
  paths: string[];
  /** Number of the model call in its node, from 1 */
  step?: number | null;
  /** Type */
  type?: "run.retried";
};
export type RunStarted = {
  /** Number of the attempt, from 1 */
  attempt?: number | null;
  /** Path of the subtask; empty for the task itself */
  path?: string;
  /** Number of the model call in its node, from 1 */
  step?: number | null;
  /** Type */
  type?: "run.started";
};
export type SubtaskCancelled = {
  /** Number of the attempt, from 1 */
  attempt?: number | null;
  /** Path of the subtask; empty for the task itself */
  path?: string;
  /** Number of the model call in its node, from 1 */
  step?: number | null;
  /** Type */
  type?: "subtask.cancelled";
};
export type SubtaskCompleted = {
  /** Number of the attempt, from 1 */
  attempt?: number | null;
  /** Why the answer ended. `length`: it was cut off at its limit. */
  finish_reason?:
    | "stop"
    | "length"
    | "tool_calls"
    | "content_filter"
    | "refusal"
    | "other"
    | "interrupted";
  /** Path of the subtask; empty for the task itself */
  path?: string;
  /** The beginning of the text, at most 500 characters */
  preview: string;
  /** Number of the model call in its node, from 1 */
  step?: number | null;
  /** Type */
  type?: "subtask.completed";
};
export type SubtaskDelegated = {
  /** Name of the agent */
  agent: string;
  /** Number of the attempt, from 1 */
  attempt?: number | null;
  /** Path of the subtask; empty for the task itself */
  path?: string;
  /** Number of the model call in its node, from 1 */
  step?: number | null;
  /** Title */
  title?: string;
  /** Type */
  type?: "subtask.delegated";
};
export type SubtaskFailed = {
  /** Number of the attempt, from 1 */
  attempt?: number | null;
  /** Error code */
  code: string;
  /** Explanation for people */
  message: string;
  /** Path of the subtask; empty for the task itself */
  path?: string;
  /** Number of the model call in its node, from 1 */
  step?: number | null;
  /** Type */
  type?: "subtask.failed";
};
export type SubtaskSkipped = {
  /** Number of the attempt, from 1 */
  attempt?: number | null;
  /** Error code */
  code: string;
  /** Explanation for people */
  message: string;
  /** Path of the subtask; empty for the task itself */
  path?: string;
  /** Number of the model call in its node, from 1 */
  step?: number | null;
  /** Type */
  type?: "subtask.skipped";
};
export type SubtaskStarted = {
  /** Name of the agent */
  agent: string;
  /** Number of the attempt, from 1 */
  attempt?: number | null;
  /** Path of the subtask; empty for the task itself */
  path?: string;
  /** Number of the model call in its node, from 1 */
  step?: number | null;
  /** Type */
  type?: "subtask.started";
};
export type ToolCallFinished = {
  /** Number of the attempt, from 1 */
  attempt?: number | null;
  /** `true` if the call failed */
  failed: boolean;
  /** IDs of image files */
  images?: string[];
  /** Position among the calls of its step, from 0 */
  index: number;
  /** Path of the subtask; empty for the task itself */
  path?: string;
  /** The beginning of the text, at most 500 characters */
  preview: string;
  /** Number of the model call in its node, from 1 */
  step?: number | null;
  /** Name of the tool */
  tool: string;
  /** Type */
  type?: "tool_call.finished";
};
export type ToolCallStarted = {
  /** Number of the attempt, from 1 */
  attempt?: number | null;
  /** Position among the calls of its step, from 0 */
  index: number;
  /** Path of the subtask; empty for the task itself */
  path?: string;
  /** The beginning of the text, at most 500 characters */
  preview: string;
  /** Number of the model call in its node, from 1 */
  step?: number | null;
  /** Name of the tool */
  tool: string;
  /** Type */
  type?: "tool_call.started";
};
export type EventFrame = {
  /** When the event happened */
  at: string;
  /** What happened */
  event:
    | ({
        type: "approval.decided";
      } & ApprovalDecided)
    | ({
        type: "approval.escalated";
      } & ApprovalEscalated)
    | ({
        type: "approval.requested";
      } & ApprovalRequested)
    | ({
        type: "budget.raised";
      } & BudgetRaised)
    | ({
        type: "budget.reached";
      } & BudgetReached)
    | ({
        type: "conversation.summarized";
      } & ConversationSummarized)
    | ({
        type: "file.written";
      } & FileWritten)
    | ({
        type: "guidance.given";
      } & GuidanceGiven)
    | ({
        type: "guidance.seen";
      } & GuidanceSeen)
    | ({
        type: "model_call.failed";
      } & ModelCallFailed)
    | ({
        type: "model_call.fell_back";
      } & ModelCallFellBack)
    | ({
        type: "model_call.finished";
      } & ModelCallFinished)
    | ({
        type: "model_call.started";
      } & ModelCallStarted)
    | ({
        type: "model_call.waiting";
      } & ModelCallWaiting)
    | ({
        type: "plan.created";
      } & PlanCreated)
    | ({
        type: "plan.rejected";
      } & PlanRejected)
    | ({
        type: "run.accepted";
      } & RunAccepted)
    | ({
        type: "run.cancelled";
      } & RunCancelled)
    | ({
        type: "run.cancelling";
      } & RunCancelling)
    | ({
        type: "run.changed";
      } & RunChanged)
    | ({
        type: "run.completed";
      } & RunCompleted)
    | ({
        type: "run.failed";
      } & RunFailed)
    | ({
        type: "run.paused";
      } & RunPaused)
    | ({
        type: "run.resumed";
      } & RunResumed)
    | ({
        type: "run.retried";
      } & RunRetried)
    | ({
        type: "run.started";
      } & RunStarted)
    | ({
        type: "subtask.cancelled";
      } & SubtaskCancelled)
    | ({
        type: "subtask.completed";
      } & SubtaskCompleted)
    | ({
        type: "subtask.delegated";
      } & SubtaskDelegated)
    | ({
        type: "subtask.failed";
      } & SubtaskFailed)
    | ({
        type: "subtask.skipped";
      } & SubtaskSkipped)
    | ({
        type: "subtask.started";
      } & SubtaskStarted)
    | ({
        type: "tool_call.finished";
      } & ToolCallFinished)
    | ({
        type: "tool_call.started";
      } & ToolCallStarted);
  /** Kind */
  kind?: "event";
  /** ID of the task or other run */
  run_id: string;
  /** Sequence number in the run's events */
  seq: number;
};
export type EventPage = {
  /** The items of this page */
  items: EventFrame[];
  /** Sequence number of the run's newest event */
  last_seq: number;
  /** Send this value as `after` to get the next page. `null` if there are no more events yet. */
  next_after: number | null;
};
export type TaskRetry = {
  /** New limits for the task's budget */
  budget?: Budget | null;
  /** Guidance for the failed subtasks in this retry */
  guidance?: string | null;
  /** Model that replaces the failed subtasks' models, or the task's model if no subtask failed */
  model?: string | null;
};
export type GuidanceView = {
  /** ID of the guidance */
  guidance_id: number;
  /** Path of the subtask; empty for the task itself */
  path: string | null;
  /** Running subtasks whose next model call receives the guidance */
  reaches: string[];
  /** `false` if the run didn't confirm the guidance in time. Even then, the task's next model call receives the guidance. */
  received: boolean;
};
export type Guidance = {
  /** `true` to interrupt the model call in flight, so that the agent receives the guidance at once */
  interrupt?: boolean;
  /** Path of the subtask that receives the guidance, along with all subtasks below it. Default: the whole task. */
  path?: string | null;
  /** The text */
  text: string;
};
export type SubtaskStatus =
  "pending" | "running" | "completed" | "failed" | "skipped" | "cancelled";
export type SubtaskView = {
  /** Name of the agent */
  agent: string;
  /** Keys of the subtasks whose results it receives */
  depends_on: string[];
  /** When it ended, in UTC. `null` while it is open. */
  ended_at: string | null;
  /** Why it failed. `null` if it didn't. */
  error: string | null;
  /** Error code of the failure. `null` if it didn't fail. */
  error_code: string | null;
  /** Why the answer ended. `length`: the answer was cut off at its token limit and is incomplete. */
  finish_reason?:
    | (
        | "stop"
        | "length"
        | "tool_calls"
        | "content_filter"
        | "refusal"
        | "other"
        | "interrupted"
      )
    | null;
  /** Instruction for the agent */
  instruction: string;
  /** Short name, unique in the plan */
  key: string;
  /** Model that replaced the agent's model in a retry of the task */
  model?: string | null;
  /** The result as JSON, if it has a JSON Schema */
  output?: JsonValue | null;
  /** Path of the subtask; empty for the task itself */
  path: string;
  /** The result. `null` until there is one. */
  result: string | null;
  /** Cost so far, in millionths of a US dollar */
  spent_micro_usd: number;
  /** When it started, in UTC. `null` before that. */
  started_at: string | null;
  /** State */
  status: SubtaskStatus;
  /** Title */
  title: string;
  /** Number of model calls so far */
  turns: number;
  /** Number of tokens */
  usage: Usage;
};
export type SubtaskPage = {
  /** The items of this page */
  items: SubtaskView[];
  /** Send this value as `cursor` to get the next page. `null` on the last page. */
  next_cursor?: string | null;
};
export type Span = {
  /** For a model call or a subtask: its agent */
  agent?: string | null;
  /** For a model call: the agent's version. `null` for built-in agents. */
  agent_version?: number | null;
  /** Number of the attempt, from 1 */
  attempt?: number | null;
  /** Cost in millionths of a US dollar, that of a node without the subtasks below it, and that of the task in total. `null` for a tool call. */
  cost_micro_usd?: number | null;
  /** When it ended, in UTC. `null` while it is open. */
  ended_at: string | null;
  /** Error code of a failure */
  error_code?: string | null;
  /** For a model call: `true` if the cost is an estimate */
  estimated?: boolean | null;
  /** Why the answer ended */
  finish_reason?:
    | (
        | "stop"
        | "length"
        | "tool_calls"
        | "content_filter"
        | "refusal"
        | "other"
        | "interrupted"
      )
    | null;
  /** For a model call: when the first piece of the answer arrived. `null` until the call has ended, and if nothing was streamed. */
  first_token_at?: string | null;
  /** For a model call or the task: estimated cost of attempts whose outcome is unknown (in doubt), in addition to `cost_micro_usd` */
  in_doubt_micro_usd?: number | null;
  /** For a tool call: its position in the turn */
  index?: number | null;
  /** Kind */
  kind: "task" | "subtask" | "model_call" | "tool_call";
  /** Title of the task or subtask, or name of the model or tool */
  label: string;
  /** Path of the subtask; empty for the task itself */
  path: string;
  /** What the model call is for */
  purpose?: string | null;
  /** For the task: when it was accepted. For a model call: when it began to wait for its provider or for a rate limit; `null` if no wait was recorded. */
  queued_at?: string | null;
  /** For a model call or the task: whether the built-in simulator answered */
  simulated?: boolean | null;
  /** When it started, in UTC. `null` before that. */
  started_at: string;
  /** State */
  status: string;
  /** Number of the model call in its node, from 1 */
  step?: number | null;
  /** Token counts. `null` for a tool call. */
  usage?: Usage | null;
};
export type TimelineView = {
  /** `false` if the task has more spans than `spans` contains */
  complete: boolean;
  /** Spans, ordered by start time. The list contains at most 5000 spans. */
  spans: Span[];
};
export type ToolKind = "pure" | "idempotent" | "once";
export type ToolRuling = {
  /** Verdict after the task has read content from outside, unless the call's destination is trusted */
  after_untrusted: Verdict2;
  /** The list that the rule is in */
  decided_by: "installation" | "own" | "default";
  /** Reason of the rule, or of the default */
  reason: string;
  /** Position of the rule in that list, from 0. `null` for a default. */
  rule: number | null;
  /** `true` if an earlier rule decides for some arguments or, if no agent was named, for some agents */
  varies: boolean;
  /** What happens to a call */
  verdict: Verdict2;
};
export type ToolSource = "built_in" | "python" | "mcp" | "openapi";
export type ToolStatus = "active" | "changed" | "gone";
export type ToolView = {
  /** What it is for */
  description: string;
  /** `true` if arguments leave this installation */
  egress: boolean;
  /** Kind */
  kind: ToolKind;
  /** Name */
  name: string;
  /** `true` if the tool belongs to one of your own servers */
  own: boolean;
  /** JSON Schema of the arguments */
  parameters: {
    [key: string]: any;
  };
  /** `true` if a call changes nothing outside its own task */
  reads_only: boolean;
  /** What the rules for your tasks say about calls of the tool */
  ruling: ToolRuling;
  /** Name of the server that the tool belongs to. `null` if it belongs to none. */
  server: string | null;
  /** Hash of the accepted definition */
  sha256: string;
  /** Where it comes from */
  source: ToolSource;
  /** State */
  status: ToolStatus;
  /** `true` if results may contain instructions of strangers */
  untrusted: boolean;
};
export type ToolPage = {
  /** The items of this page */
  items: ToolView[];
  /** Send this value as `cursor` to get the next page. `null` on the last page. */
  next_cursor?: string | null;
};
export type OfferedTool = {
  /** What it is for */
  description: string;
  /** `true` if arguments leave this installation */
  egress: boolean;
  /** Kind */
  kind: ToolKind;
  /** JSON Schema of the arguments */
  parameters: {
    [key: string]: any;
  };
  /** `true` if a call changes nothing outside its own task */
  reads_only: boolean;
  /** Hash to send when you accept this definition */
  sha256: string;
  /** `true` if results may contain instructions of strangers */
  untrusted: boolean;
};
export type ToolDetails = {
  /** What it is for */
  description: string;
  /** `true` if arguments leave this installation */
  egress: boolean;
  /** Kind */
  kind: ToolKind;
  /** Name */
  name: string;
  /** For a changed tool: the definition that its server offers now */
  offered: OfferedTool | null;
  /** `true` if the tool belongs to one of your own servers */
  own: boolean;
  /** JSON Schema of the arguments */
  parameters: {
    [key: string]: any;
  };
  /** `true` if a call changes nothing outside its own task */
  reads_only: boolean;
  /** What the rules for your tasks say about calls of the tool */
  ruling: ToolRuling;
  /** Name of the server that the tool belongs to. `null` if it belongs to none. */
  server: string | null;
  /** Hash of the accepted definition */
  sha256: string;
  /** Where it comes from */
  source: ToolSource;
  /** State */
  status: ToolStatus;
  /** `true` if results may contain instructions of strangers */
  untrusted: boolean;
};
export type Acceptance = {
  /** Hash of the definition that you have seen. If it has changed again since, the request fails. Default: the definition that is offered now. */
  sha256?: string | null;
};
export type SpentView = {
  /** When the period began */
  begins_at: string;
  /** When the period ends */
  ends_at: string;
  /** Estimated cost of calls in this period whose outcome is unknown */
  in_doubt_micro_usd: number;
  /** Highest possible cost of the calls in flight */
  reserved_micro_usd: number;
  /** Cost of the calls that started in this period */
  spent_micro_usd: number;
};
export type Holding =
  | "max_kept_bytes"
  | "max_open_tasks"
  | "max_open_ai_calls"
  | "max_open_replies"
  | "max_chat_sessions"
  | "max_schedules"
  | "max_agents"
  | "max_api_keys";
export type HoldingView = {
  /** How much the user may have. `null` for no limit. */
  limit: number | null;
  /** Name of the limit, as in settings. `max_kept_bytes` is in bytes. */
  name: Holding;
  /** How much the user has. Of files, each counts as at least 64 KiB, as do images to be generated. */
  used: number;
};
export type SpendingLimit =
  | "max_cost_day_micro_usd"
  | "max_cost_month_micro_usd"
  | "max_total_cost_day_micro_usd"
  | "max_total_cost_month_micro_usd";
export type SpendingLimitView = {
  /** When the period began */
  begins_at: string;
  /** When the period ends, and runs that wait for this limit continue */
  ends_at: string;
  /** Estimated cost of calls in this period whose outcome is unknown. It counts toward the limit. */
  in_doubt_micro_usd: number;
  /** What the next call may cost at most */
  left_micro_usd: number;
  /** The limit */
  limit_micro_usd: number;
  /** Name of the limit, as in errors and events */
  name: SpendingLimit;
  /** Period of the limit */
  period: "day" | "month";
  /** Highest possible cost of the calls in flight, which counts toward the limit until they end */
  reserved_micro_usd: number;
  /** Whose runs count toward the limit */
  scope: "user" | "installation";
  /** Cost of the calls that started in this period */
  spent_micro_usd: number;
};
export type UserLimits = {
  /** What the user's runs may cost per day, in millionths of a US dollar. `null`: as in the settings. */
  max_cost_day_micro_usd?: number | null;
  /** What the user's runs may cost per calendar month, in millionths of a US dollar. `null`: as in the settings. */
  max_cost_month_micro_usd?: number | null;
};
export type LimitsView = {
  /** What the user has spent today */
  day: SpentView;
  /** How many files, open tasks and other objects the user has, and may have */
  holdings: HoldingView[];
  /** Limits that are set. The installation's limits are only shown to administrators. */
  limits: SpendingLimitView[];
  /** What the user has spent in this calendar month */
  month: SpentView;
  /** Limits that an administrator has set for this user */
  own: UserLimits;
  /** Time zone in which days and months begin */
  time_zone: string;
};
export type UserDetails = {
  /** When it was created, in UTC */
  created_at: string;
  /** E-mail address, or the name of a service account */
  email: string;
  /** Whether the user can sign in with a password */
  has_password: boolean;
  /** ID */
  id: string;
  /** Kind */
  kind: "person" | "service";
  /** When the user's sessions or API keys were last used, roughly. `null` if that is unknown. */
  last_used_at: string | null;
  /** Name */
  name: string;
  /** Role */
  role: "user" | "admin" | "viewer";
  /** `active`; `disabled` (can't sign in); or `deleted` (nothing is left but the record of its costs) */
  state: "active" | "disabled" | "deleted";
};
export type UserPage = {
  /** The items of this page */
  items: UserDetails[];
  /** Cursor of the next page. `null` on the last page. */
  next_cursor?: string | null;
};
export type ServiceAccountSpec = {
  /** Unique name, such as nightly-report */
  name: string;
  /** Role */
  role?: "user" | "admin" | "viewer";
};
export type UserChange = {
  /** Whether the account is disabled */
  disabled?: boolean | null;
  /** Name */
  name?: string | null;
  /** Role */
  role?: ("user" | "admin" | "viewer") | null;
};
export type NewPasswordReset = {
  /** E-mail address */
  email: string;
  /** When it expires. `null` for never. */
  expires_at: string;
  /** Give this token to the user. It can't be shown again. */
  token: string;
};
export type PartHealth = {
  /** Remark for people */
  note?: string;
  /** State of the part */
  state: "up" | "away" | "none" | "low" | "full";
  /** Duration, in milliseconds */
  took_ms: number;
};
export type Health = {
  /** State of each part by name; only for signed-in callers */
  parts?: {
    [key: string]: PartHealth;
  };
  /** IDs of the keys that this API uses for Temporal's payloads. The first key encrypts new payloads. */
  payload_keys?: string[] | null;
  /** `ok`, `degraded` or `down` */
  status: "ok" | "degraded" | "down";
  /** Number of the version */
  version?: string | null;
};
export const {
  useListAgentsQuery,
  useCreateAgentMutation,
  useListModelsQuery,
  useListAgentTypesQuery,
  useDeleteAgentMutation,
  useGetAgentQuery,
  useChangeAgentMutation,
  useActivateAgentMutation,
  useDeactivateAgentMutation,
  useDiffAgentVersionsQuery,
  useGetAgentMetricsQuery,
  useRollbackAgentMutation,
  useListAgentSharesQuery,
  useUnshareAgentMutation,
  useShareAgentMutation,
  useGetAgentStatusQuery,
  useListAgentVersionsQuery,
  useGetAgentVersionQuery,
  useListAiCallsQuery,
  useGetAiCallQuery,
  useCancelAiCallMutation,
  useCreateEmbeddingsMutation,
  useCreateImagesMutation,
  useListProvidersQuery,
  useValidateProviderMutation,
  useCountTokensMutation,
  useCreateTranscriptionMutation,
  useGetAgentsPerformanceQuery,
  useGetDailyLatencyQuery,
  useListMetricsQuery,
  useRecordMetricsMutation,
  useGetOverviewQuery,
  useGetSystemMetricsQuery,
  useGetTasksAnalyticsQuery,
  useListDailyUsageQuery,
  useListApprovalsQuery,
  useGetApprovalQuery,
  useAnswerMutation,
  useDecideMutation,
  useDelegateApprovalMutation,
  useListAuditEntriesQuery,
  useListApiKeysQuery,
  useCreateApiKeyMutation,
  useDeleteApiKeyMutation,
  useCreateFirstAdministratorMutation,
  useLoginMutation,
  useLogoutMutation,
  useMeQuery,
  useChangeMeMutation,
  useGetErasureQuery,
  useEraseMeMutation,
  useFinishOidcMutation,
  useLinkOidcMutation,
  useStartOidcMutation,
  useGetSignInOptionsQuery,
  useChangePasswordMutation,
  useResetPasswordMutation,
  useRefreshMutation,
  useRegisterMutation,
  useEndOtherSessionsMutation,
  useListSessionsQuery,
  useEndSessionMutation,
  useCreateWsTicketMutation,
  useCreateCompletionMutation,
  useSearchChatsQuery,
  useListChatSessionsQuery,
  useCreateChatSessionMutation,
  useDeleteChatSessionMutation,
  useGetChatSessionQuery,
  useReplaceChatSessionMutation,
  useArchiveChatSessionMutation,
  useGetChatBranchQuery,
  useChooseChatBranchMutation,
  useListChatMessagesQuery,
  useCreateChatMessageMutation,
  useGetChatMessageQuery,
  useRegenerateChatMessageMutation,
  useRestoreChatSessionMutation,
  useListChatSessionSharesQuery,
  useUnshareChatSessionMutation,
  useShareChatSessionMutation,
  useGetChatSuggestionsQuery,
  useGetChatSummaryQuery,
  useCreateChatTaskMutation,
  useCreateCodecAddressMutation,
  useListFilesQuery,
  useCreateFileMutation,
  useDeleteFileMutation,
  useGetFileQuery,
  useListFileSharesQuery,
  useUnshareFileMutation,
  useShareFileMutation,
  useListGroupsQuery,
  useCreateGroupMutation,
  useDeleteGroupMutation,
  useGetGroupQuery,
  useRenameGroupMutation,
  useListMembersQuery,
  usePutMemberMutation,
  useRemoveMemberMutation,
  useListGroupSharesQuery,
  useListHoldsQuery,
  useLiftHoldMutation,
  usePlaceHoldMutation,
  useListInvitationsQuery,
  useCreateInvitationMutation,
  useDeleteInvitationMutation,
  useListMcpServersQuery,
  useCreateMcpServerMutation,
  useDeleteMcpServerMutation,
  useGetMcpServerQuery,
  useRefreshMcpServerMutation,
  useGetPolicyQuery,
  useReplacePolicyMutation,
  useGetInstallationPolicyQuery,
  useReplaceInstallationPolicyMutation,
  useTestPolicyMutation,
  useGetReplyQuery,
  useListReplyApprovalsQuery,
  useRaiseReplyBudgetMutation,
  useCancelReplyMutation,
  useGetReplyCostQuery,
  useListReplyMessagesQuery,
  useListSchedulesQuery,
  useCreateScheduleMutation,
  usePreviewScheduleMutation,
  useDeleteScheduleMutation,
  useGetScheduleQuery,
  useReplaceScheduleMutation,
  useBackfillScheduleMutation,
  usePauseScheduleMutation,
  useResumeScheduleMutation,
  useListScheduleRunsQuery,
  useListScheduleSharesQuery,
  useUnshareScheduleMutation,
  useShareScheduleMutation,
  useTriggerScheduleMutation,
  useListSystemLogQuery,
  useListNotificationsQuery,
  useReadNotificationsMutation,
  useReadNotificationMutation,
  useListRetentionRunsQuery,
  useRunRetentionMutation,
  useGetRetentionRunQuery,
  useListTasksQuery,
  useCreateTaskMutation,
  useGetTaskCountsQuery,
  useEstimateTaskMutation,
  useListTaskTypesQuery,
  useDeleteTaskMutation,
  useGetTaskQuery,
  useChangeTaskMutation,
  useAnswerQuestionMutation,
  useListTaskApprovalsQuery,
  useDecideApprovalMutation,
  useRaiseTaskBudgetMutation,
  useCancelTaskMutation,
  useGetTaskCostQuery,
  useListTaskEventsQuery,
  useExecuteTaskMutation,
  useListTaskFilesQuery,
  useListTaskMessagesQuery,
  usePauseTaskMutation,
  useResumeTaskMutation,
  useRetryTaskMutation,
  useListTaskSharesQuery,
  useUnshareTaskMutation,
  useShareTaskMutation,
  useSteerTaskMutation,
  useListSubtasksQuery,
  useGetTaskTimelineQuery,
  useListToolsQuery,
  useGetToolQuery,
  useAcceptToolMutation,
  useGetLimitsQuery,
  useListUsersQuery,
  useCreateServiceAccountMutation,
  useDeleteUserMutation,
  useGetUserQuery,
  useChangeUserMutation,
  useListUserKeysQuery,
  useCreateServiceKeyMutation,
  useDeleteUserKeyMutation,
  useDisableUserMutation,
  useEnableUserMutation,
  useGetUserLimitsQuery,
  useSetUserLimitsMutation,
  useCreatePasswordResetMutation,
  useGetHealthQuery,
} = injectedRtkApi;
