import { useTranslation } from 'react-i18next';
import Typography from '@mui/material/Typography';
import type { UserDetails } from '../../api';
import { Choose } from '../../parts/Choose';

export type Role = UserDetails['role'];
const ROLES: readonly Role[] = ['user', 'viewer', 'admin'];

/** A choice of role that says what the role may do. */
export function RoleField({ value, onChange }: { value: Role; onChange: (role: Role) => void }) {
  const { t } = useTranslation('users');
  return (
    <div>
      <Choose label={t('role')} value={value} width={220} onChange={(text) => onChange(ROLES.find((each) => each === text) ?? 'user')} options={ROLES.map((each) => [each, t(`roles.${each}`)] as const)} />
      <Typography variant="caption" color="textSecondary" component="div" sx={{ mt: 0.5 }}>{t(`roleHints.${value}`)}</Typography>
    </div>
  );
}
