import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate } from 'react-router';
import { ConfirmDialog } from '../../parts/ConfirmDialog';

/** Ask before unsaved changes are lost: by a link to elsewhere, or by closing the page. Addresses that begin with `home` keep them. */
export function LeaveGuard({ on, home }: { on: boolean; home: string }) {
  const { t } = useTranslation('agents');
  const navigate = useNavigate();
  const [target, setTarget] = useState<string | null>(null);
  useEffect(() => {
    if (!on) return undefined;
    const unload = (event: BeforeUnloadEvent) => event.preventDefault();
    const click = (event: MouseEvent) => {
      const link = event.target instanceof Element ? event.target.closest('a') : null;
      const elsewhere = link !== null && link.target !== '_blank' && link.origin === location.origin && !link.pathname.startsWith(home);
      if (!elsewhere || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      event.stopPropagation();
      setTarget(link.pathname + link.search);
    };
    addEventListener('beforeunload', unload);
    // In the capture phase, before the router's own handler.
    document.addEventListener('click', click, true);
    return () => {
      removeEventListener('beforeunload', unload);
      document.removeEventListener('click', click, true);
    };
  }, [on, home]);
  return <ConfirmDialog open={target !== null} title={t('leaveTitle')} text={t('leaveText')} confirm={t('leave')} onClose={() => setTarget(null)} onConfirm={() => target !== null && void navigate(target)} />;
}
