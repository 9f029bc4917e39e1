interfaces {
    bonding bond1 {
        address 10.8.0.2/24
        mode 802.3ad
        vrrp {
            vrrp-group 8 {
                advertise-interval 1
                preempt false
                priority 120
                rfc3768-compatibility
                run-transition-scripts {
                    backup /config/scripts/backup.sh
                    master /config/scripts/master.sh
                }
                sync-group old
                virtual-address 10.8.0.1/24
            }
        }
    }
    ethernet eth0 {
        address 10.7.0.2/24
        vif 7 {
            address 10.7.7.2/24
            vrrp {
                vrrp-group 7 {
                    sync-group old
                    virtual-address 10.7.7.1
                    virtual-address 10.7.7.9
                }
            }
        }
    }
    ethernet eth3 {
        bond-group bond1
        duplex auto
    }
}
/* Warning: Do not remove the following line. */
/* === vyatta-config-version: "cluster@1:config-management@1" === */
